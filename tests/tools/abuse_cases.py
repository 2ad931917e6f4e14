"""Abusive requests: each case with its bytes, and the expected statuses."""

import random
from collections.abc import Callable, Mapping

from tests.clients import FORM, LIVEZ, post
from tests.tools.abuse_smuggled import CHUNKED, DONE, LENGTH, SMUGGLED, WHOLE, Case, head


def _multipart(name: bytes, boundary: bytes = b"b", value: bytes = b"x", times: int = 1) -> bytes:
    part = b'--%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    body = part % (boundary, name, value) * times + b"--%s--\r\n" % boundary
    fields = b"Content-Type: multipart/form-data; boundary=%s\r\nContent-Length: %d\r\n"
    return post(body, fields % (boundary, len(body))).replace(FORM, b"", 1)


ODD = {
    "NUL": b"\0",
    "CR": b"\r",
    "LF": b"\n",
    "VT": b"\x0b",
    "DEL": b"\x7f",
    "no UTF-8": b"\xff",
    "overlong": b"\xc0\xaf",
    "a surrogate": b"\xed\xa0\x80",
}
_EIGHT_BITS = ["no UTF-8", "overlong", "a surrogate"]
PLACES: dict[str, tuple[Callable[[bytes], bytes], Mapping[str, int]]] = {
    "the method": (lambda odd: head(method=b"G" + odd), {}),
    "the path": (lambda odd: head(target=b"/a" + odd), {}),
    "the query": (lambda odd: head(target=b"/livez?a" + odd), {}),
    "the version": (lambda odd: LIVEZ.replace(b"1.1", b"1.1" + odd), {}),
    "a header's name": (lambda odd: head(b"X" + odd + b": y\r\n"), {}),
    "a header's value": (
        lambda odd: head(b"X: y" + odd + b"z\r\n"),
        # The value is opaque to the server (RFC 9110, section 5.5).
        dict.fromkeys(_EIGHT_BITS, 200),
    ),
    "Host": (lambda odd: LIVEZ.replace(b"localhost", b"local" + odd + b"host"), {}),
    "credentials": (
        lambda odd: head(b"Authorization: Basic " + odd + b"=\r\n", target=b"/userDetails"),
        dict.fromkeys(_EIGHT_BITS, 401),
    ),
    "Accept": (
        lambda odd: post(WHOLE, LENGTH + b"Accept: text/" + odd + b"x\r\n"),
        dict.fromkeys(_EIGHT_BITS, 406),
    ),
    "a key": (lambda odd: post(WHOLE, LENGTH + b'Idempotency-Key: "' + odd + b'a"\r\n'), {}),
    "the media type": (
        lambda odd: post(WHOLE).replace(b"/x-www", b"/" + odd + b"x-www"),
        dict.fromkeys(_EIGHT_BITS, 415),
    ),
    "a boundary": (lambda odd: _multipart(b"a", b"b" + odd + b"b"), {}),
    "a part's name": (lambda odd: _multipart(b"a" + odd), {}),
    "a part's value": (lambda odd: _multipart(b"lastname", value=odd), {}),
    "a form's name": (
        lambda odd: post(b"a" + odd + b"=1&" + WHOLE),
        dict.fromkeys(ODD.keys() - set(_EIGHT_BITS), 201),  # The name is that of an unknown field.
    ),
    "a form's value": (lambda odd: post(WHOLE + odd), {}),
}
"""The places for odd bytes, with the expected status where that isn't 400."""
_CODED = {"NUL": b"%00", "no UTF-8": b"%FF", "overlong": b"%C0%AF", "a surrogate": b"%ED%A0%80"}

CASES = dict(SMUGGLED)
for _place, (_sent_with, _others) in PLACES.items():
    for _name, _odd in ODD.items():
        CASES[f"{_name} in {_place}"] = Case(_sent_with(_odd), (_others.get(_name, 400),))
for _name, _odd in _CODED.items():
    CASES |= {
        f"{_name}, coded, in the path": Case(head(target=b"/a" + _odd), (404,)),
        f"{_name}, coded, in the query": Case(head(target=b"/livez?a=" + _odd), (200,)),
        f"{_name}, coded, in a form's value": Case(post(WHOLE + _odd)),
        f"{_name}, coded, in a form's name": Case(
            post(WHOLE + b"&a" + _odd), (201 if _name == "NUL" else 400,)
        ),
    }
CASES |= {
    "absolute form": Case(head(target=b"http://other.example/livez"), (200,)),
    "authority form": Case(head(target=b"other.example:80")),
    "asterisk form": Case(head(target=b"*")),
    "fragment form": Case(head(target=b"/livez#x"), (200,)),
    "HTTP/0.9": Case(b"GET /livez\r\n"),
    "HTTP/2.0": Case(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "TLS": Case(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\xa5" * 500),
    "HTTP/1.0": Case(LIVEZ.replace(b"1.1", b"1.0") * 2, (200,)),
    "HTTP/1.0 kept": Case(
        LIVEZ.replace(b"1.1\r\n", b"1.0\r\nConnection: keep-alive\r\n") * 2, (200, 200)
    ),
    "HTTP/1.0 without a length": Case(post(WHOLE, b"X: y\r\n", b"1.0")),
    "a folded line": Case(head(b"X: y\r\n z\r\n")),
    "an empty line behind": Case(LIVEZ + b"\r\n", (200,)),
    "trailers": Case(post(DONE + b"X: y\r\n\r\n", CHUNKED), (201,)),
    "50 at once": Case(LIVEZ * 50, (200,) * 50),
    "good and bad at once": Case(
        post(WHOLE) + head(target=b"/a") + post(b"=") + b"\0" + LIVEZ, (201, 404, 400, 400)
    ),
    "a long address": Case(head(target=b"/" + b"a" * 999_999), (414,)),
    "a header of 1 MB": Case(head(b"X: " + b"y" * 999_999 + b"\r\n"), (431,)),
    "a header's name of 1 MB": Case(head(b"X" * 1_000_000 + b": y\r\n"), (431,)),
    "10,000 headers": Case(head(*[b"X%d: y\r\n" % n for n in range(10_000)]), (431,)),
    "10 MB": Case(post(b"x" * 10_000_000), (413,)),
    "10 MB in chunks": Case(post(b"2710\r\n%s\r\n" % (b"x" * 10_000) * 1000, CHUNKED), (413,)),
    "10,000 fields": Case(post(b"&".join(b"f%d=" % n for n in range(10_000))), (413,)),
    "8,000 fields in 16 KB": Case(post(b"a&" * 8_000 + WHOLE), (201,)),
    "10,000 parts": Case(_multipart(b"a", times=10_000), (413,)),
    "a field name of 1 MB": Case(post(b"x" * 1_000_000 + b"=1"), (413,)),
    "a part's name of 1 MB": Case(_multipart(b"x" * 1_000_000), (413,)),
    "a boundary of 1 MB": Case(_multipart(b"a", b"b" * 1_000_000), (431,)),
    "a chunk's extension of 1 MB": Case(post(b"1a;" + b"x" * 999_999, CHUNKED)),
}
SLOW = {
    "a slow head": Case(LIVEZ[:30], pause=1),
    "a slow body": Case(post(WHOLE)[:-9], pause=1),
    "a slow chunk": Case(post(b"1a\r\n", CHUNKED), pause=1),
}
"""Requests that are still incomplete when the request timeout expires."""

LEAVES: dict[str, Callable[[random.Random], bytes]] = {
    "after the head": lambda _: post(b"", LENGTH),
    "within the head": lambda chance: post(WHOLE)[: chance.randrange(1, 80)],
    "within the body": lambda chance: post(WHOLE)[: -chance.randrange(1, 26)],
    "before the answer": lambda _: post(WHOLE),
    "before 50 answers": lambda _: post(WHOLE) * 50,
}
"""Requests of clients that reset the connection before they read a response."""
