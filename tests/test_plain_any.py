"""Whatever a client makes up, no request is read in two ways: see `tests/test_plain.py`."""

from typing import TypeVar

from hypothesis import event, given, settings
from hypothesis import strategies as st

from api.plain import _NAMES
from tests.test_plain import assert_the_same

T = TypeVar("T")
CHARACTERS = "abAZ09/._~-%?&=+ \t#:;@[]\\\"'<>{}|^`\0\r\n\x7f\x80\xe9\xff"


def mostly(usual: st.SearchStrategy[T], odd: st.SearchStrategy[T]) -> st.SearchStrategy[T]:
    """What isn't odd at all is rare enough as it is."""
    return st.one_of(*[usual] * 9, odd)


TEXTS = st.text(CHARACTERS, max_size=6)
METHODS = mostly(
    st.sampled_from(["GET", "HEAD", "POST", "DELETE"]), st.sampled_from(["PUT", "get", "G\xc9T"])
)
PATHS = st.from_regex(r"((/[A-Za-z0-9._~-]{1,4}){1,3}|/)(\?[a-z0-9._~&=%+-]{0,8})?", fullmatch=True)
TARGETS = mostly(
    PATHS,
    st.one_of(
        st.sampled_from(["*", "/a?b?c", "/a??", "/a/", "//a", "/%2e%2e/a", "http://b/", "/a#b"]),
        st.builds("{}{}".format, PATHS, TEXTS),
    ),
)
VERSIONS = mostly(
    st.just("HTTP/1.1"), st.sampled_from(["HTTP/1.0", "HTTP/1.2", "HTTP/2.0", "http/1.1", ""])
)
USUAL = sorted({*_NAMES} - {"connection", "content-length"})
NAMES = mostly(
    st.sampled_from(USUAL + [name.title() for name in USUAL]),
    st.one_of(
        st.sampled_from(USUAL).map(lambda name: name.replace("-", "_")),
        st.sampled_from(["transfer-encoding", "expect", "upgrade", "script_name", "x-other", ""]),
        st.builds(str.__add__, st.sampled_from(USUAL), TEXTS),
    ),
)
VALUES = mostly(st.text("aB1 \t,;=/\x80\xe9\xff", max_size=6), TEXTS)
SPACES = st.sampled_from([" ", "", "\t", "  \t"])
FIELDS = st.builds("{}:{}{}{}".format, NAMES, SPACES, VALUES, SPACES)
CONNECTIONS = st.sampled_from(["close", "Close", "keep-alive", "Keep-Alive", "a, close", "te"])
LENGTHS = mostly(
    st.just("3"), st.sampled_from("0 03 003 +3 3,3 -0 \xb3 0x3 3_0 99 3.0 3e0".split())
)
HEADS = st.tuples(
    st.builds("{} {} {}".format, METHODS, TARGETS, VERSIONS),
    st.lists(CONNECTIONS.map("Connection: {}".format), max_size=1),
    st.lists(LENGTHS.map("Content-Length:{} ".format), min_size=1, max_size=1),
    st.lists(FIELDS, max_size=4),
)
ENDS = mostly(st.just("\r\n"), st.sampled_from(["\n", "\r", "\r\n "]))


@settings(max_examples=1000, deadline=None, database=None)
@given(HEADS, ENDS, st.sampled_from(["a=b", "a=b", "a=b", "", "a=bGET /"]))
def test_no_request_is_read_in_two_ways(
    head: tuple[str, list[str], list[str], list[str]], end: str, body: str
) -> None:
    line, connection, length, fields = head
    request = f"{end.join([line, *length, *connection, *fields])}\r\n\r\n{body}"
    event("plain" if assert_the_same(request.encode("latin-1")) else "odd")
