"""Ambiguous requests, which two servers may read as one request or as two."""

from typing import NamedTuple

from tests.clients import HOST, post

WHOLE = b"username=ada&lastname=king"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
LENGTH = b"Content-Length: 26\r\n"
DONE = b"1a\r\n" + WHOLE + b"\r\n0\r\n"
HIDDEN = post(b"username=smuggled", path=b"/userSignUp")
"""A request that is hidden in another one: if the server executes it, this account exists."""


class Case(NamedTuple):
    """Bytes, the statuses of their responses in order, and seconds between further single bytes."""

    sent: bytes
    answers: tuple[int, ...] = (400,)
    pause: float = 0.0


def head(*lines: bytes, target: bytes = b"/livez", method: bytes = b"GET") -> bytes:
    return b"%s %s HTTP/1.1\r\n%s%s\r\n" % (method, target, HOST, b"".join(lines))


SMUGGLED: dict[str, Case] = {
    "two lengths": Case(post(WHOLE, LENGTH + b"Content-Length: 2\r\n") + HIDDEN),
    "CL.TE": Case(post(b"0\r\n\r\n" + HIDDEN, b"Content-Length: 5\r\n" + CHUNKED)),
    "TE.CL": Case(post(b"0\r\n\r\n" + HIDDEN, CHUNKED + b"Content-Length: 5\r\n")),
    "TE twice": Case(post(b"0\r\n\r\n" + HIDDEN, CHUNKED * 2)),
    "no end of a chunk": Case(post(b"1a\r\n" + WHOLE + b"0\r\n\r\n", CHUNKED) + HIDDEN),
    "HTTP/1.0 chunked": Case(post(DONE + b"\r\n", CHUNKED, b"1.0") + HIDDEN),
    "after a good one": Case(post(WHOLE) + post(b"", CHUNKED + LENGTH) + HIDDEN, (201, 400)),
    "after the last": Case(post(WHOLE, LENGTH + b"Connection: close\r\n") + HIDDEN, (201,)),
    "after HTTP/1.0": Case(post(WHOLE, version=b"1.0") + HIDDEN, (201,)),
    "a coding over chunks": Case(
        post(DONE + b"\r\n", b"Transfer-Encoding: gzip, chunked\r\n") + HIDDEN, (501,)
    ),
    "GET with a body": Case(head(b"Content-Length: %d\r\n" % len(HIDDEN)) + HIDDEN, (200,)),
}
"""Ambiguous bytes. This server reads one request, or refuses them."""

_LENGTHS = [b"-1", b"+26", b"2 6", b" ", b"26, 26", b"0x1a", b"1e1", b"\xb2", b"26\x0b", b"26\0"]
_TE = [
    *[b"Transfer-Encoding : chunked\r\n", b"Transfer-Encoding: chunked, identity\r\n"],
    *[b"Transfer-Encoding:\x0bchunked\r\n", b" Transfer-Encoding: chunked\r\n"],
    *[b"X: y\nTransfer-Encoding: chunked\r\n", b"Transfer-Encoding\r\n : chunked\r\n"],
    *[b"Transfer-Encoding\0: chunked\r\n", b"Transfer-Encoding: \0chunked\r\n"],
    *[b"Transfer-Encoding: xchunked\r\n", CHUNKED + b"Transfer-Encoding: x\r\n"],
]
_UNKNOWN = [b"Transfer-Encoding: x, chunked\r\n", b"Transfer-Encoding: x-gzip, chunked\r\n"]
_CHUNKS = [b"zz", b"-1", b"+1a", b"0x1a", b"", b" ", b"f" * 17, b"1a\0", b"\xff", b"1_a", b"1a\n"]
for _n, _length in enumerate(_LENGTHS):
    _sent = post(WHOLE, b"Content-Length: %s\r\n" % _length) + HIDDEN
    SMUGGLED[f"length {_n}"] = Case(_sent)
for _n, _te in enumerate([*_TE, *_UNKNOWN]):
    _status = 501 if _te in _UNKNOWN else 400
    SMUGGLED[f"odd TE, CL {_n}"] = Case(post(b"0\r\n\r\n" + HIDDEN, _te + LENGTH), (_status,))
    SMUGGLED[f"CL, odd TE {_n}"] = Case(post(b"0\r\n\r\n" + HIDDEN, LENGTH + _te), (_status,))
for _n, _size in enumerate(_CHUNKS):
    _sent = post(_size + b"\r\n" + WHOLE + b"\r\n0\r\n\r\n", CHUNKED) + HIDDEN
    SMUGGLED[f"chunk {_n}"] = Case(_sent)
