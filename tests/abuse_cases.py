"""What is sent to make a server err: each case with its bytes, and how many answers it may have."""

import random
from collections.abc import Callable
from typing import NamedTuple

from tests.clients import FORM, HOST, LIVEZ, post

WHOLE = b"username=ada&lastname=king"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
LENGTH = b"Content-Length: 26\r\n"
MARK = b"GET /poison HTTP/1.1\r\n" + HOST + b"\r\n"
"""A request that may be hidden in another: its 404 would show that it was read as one."""


class Case(NamedTuple):
    """Bytes; the statuses that may be heard; seconds between further single bytes."""

    sent: bytes
    may: frozenset[int]
    pause: float = 0.0


def _refused(sent: bytes, *more: int) -> Case:
    return Case(sent, frozenset({400, 413, 414, 417, 431, 501, 505, *more}))


def _head(*lines: bytes, target: bytes = b"/livez", method: bytes = b"GET") -> bytes:
    return b"%s %s HTTP/1.1\r\n%s%s\r\n" % (method, target, HOST, b"".join(lines))


def _multipart(name: bytes, boundary: bytes = b"b", value: bytes = b"x") -> bytes:
    part = b'--%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n--%s--\r\n'
    body = part % (boundary, name, value, boundary)
    head = b"Content-Type: multipart/form-data; boundary=%s\r\nContent-Length: %d\r\n"
    request = post(body, head % (boundary, len(body)))
    return request.replace(FORM, b"", 1)


_LENGTHS = [b"-1", b"+26", b"2 6", b" ", b"26, 26", b"0x1a", b"9" * 40, b"1e1", b"\xb2"]
_TE = [
    *[b"Transfer-Encoding: xchunked\r\n", b"Transfer-Encoding : chunked\r\n"],
    *[b"Transfer-Encoding: chunked, identity\r\n", b"Transfer-Encoding:\x0bchunked\r\n"],
    *[
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n",
        b" Transfer-Encoding: chunked\r\n",
    ],
    *[b"X: y\nTransfer-Encoding: chunked\r\n", b"Transfer-Encoding\r\n : chunked\r\n"],
]
_CHUNKS = [b"zz", b"-1", b"+1a", b"0x1a", b"", b" ", b"f" * 17, b"1a\0", b"\xff", b"1_a"]
_ODD = [b"\0", b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\r", b"\n", b"\x0b", b"\x7f"]

CASES: dict[str, Case] = {}
for _n, _length in enumerate(_LENGTHS):
    CASES[f"length {_n}"] = _refused(post(WHOLE, b"Content-Length: %s\r\n" % _length) + MARK)
for _n, _te in enumerate(_TE):
    CASES[f"TE.CL {_n}"] = _refused(post(b"0\r\n\r\n" + MARK, LENGTH + _te))
    CASES[f"CL.TE {_n}"] = _refused(post(b"0\r\n\r\n" + MARK, _te + LENGTH))
CASES["two lengths"] = _refused(post(WHOLE, LENGTH + b"Content-Length: 2\r\n") + MARK)
CASES["CL.TE"] = _refused(post(b"0\r\n\r\n" + MARK, LENGTH + CHUNKED))
for _n, _size in enumerate(_CHUNKS):
    CASES[f"chunk {_n}"] = _refused(
        post(_size + b"\r\n" + WHOLE + b"\r\n0\r\n\r\n", CHUNKED) + MARK
    )
CASES["no end of a chunk"] = _refused(post(b"1a\r\n" + WHOLE + b"0\r\n\r\n", CHUNKED) + MARK)
CASES["a long extension"] = _refused(post(b"1a;" + b"x" * 99999 + b"\r\n" + WHOLE, CHUNKED))
CASES["trailers"] = _refused(post(b"1a\r\n" + WHOLE + b"\r\n0\r\nX: y\r\n\r\n", CHUNKED), 201)
for _n, _odd in enumerate(_ODD):
    CASES[f"odd method {_n}"] = _refused(_head(method=b"G" + _odd), 405)
    CASES[f"odd path {_n}"] = _refused(_head(target=b"/a" + _odd), 404)
    CASES[f"odd query {_n}"] = _refused(_head(target=b"/livez?a" + _odd), 200)
    CASES[f"odd name {_n}"] = _refused(_head(b"X" + _odd + b": y\r\n"), 200)
    CASES[f"odd value {_n}"] = _refused(_head(b"X: y" + _odd + b"z\r\n"), 200)
    CASES[f"odd form name {_n}"] = _refused(post(b"a" + _odd + b"=1&" + WHOLE), 201)
    CASES[f"odd form value {_n}"] = _refused(post(WHOLE + _odd), 201)
    CASES[f"odd part {_n}"] = _refused(_multipart(b"a" + _odd), 415)
    CASES[f"odd boundary {_n}"] = _refused(_multipart(b"a", b"b" + _odd), 415)
for _name, _target in {
    "absolute": b"http://other.example/livez",
    "authority": b"other.example:80",
    "asterisk": b"*",
    "fragment": b"/livez#x",
}.items():
    CASES[f"{_name} form"] = _refused(_head(target=_target), 200, 404)
CASES["HTTP/0.9"] = _refused(b"GET /livez\r\n")
CASES["HTTP/2.0"] = _refused(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
CASES["a folded line"] = _refused(_head(b"X: y\r\n z\r\n"))
CASES["one huge header"] = _refused(_head(b"X: " + b"y" * 999999 + b"\r\n"))
CASES["many headers"] = _refused(_head(*[b"X%d: y\r\n" % n for n in range(10000)]))
CASES["10 MB"] = _refused(post(b"x" * 10_000_000))
CASES["10,000 fields"] = _refused(post(b"&".join(b"f%d=" % n for n in range(10000))))
CASES["a field name of 1 MB"] = _refused(post(b"x" * 1_000_000 + b"=1"))
CASES["50 at once"] = Case(LIVEZ * 50, frozenset({200}))
CASES["a slow head"] = Case(LIVEZ[:30], frozenset({400}), 1)
CASES["a slow body"] = Case(post(WHOLE)[:-9], frozenset({400}), 1)

LEAVES: dict[str, Callable[[random.Random], bytes]] = {
    "after the head": lambda _: post(b"", LENGTH),
    "within the body": lambda chance: post(WHOLE)[: -chance.randrange(1, 26)],
    "before the answer": lambda _: post(WHOLE),
}
"""Who leaves early, by a reset: there is nobody to hear an answer."""
