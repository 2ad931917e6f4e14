"""HTTP (RFC 9110): methods, addresses, HEAD and OPTIONS."""

from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.actor import SAME_ID, Someone, assert_problem
from tests.operations import NO_METHOD, NO_RECORD, OPERATIONS

METHODS = "GET HEAD POST PUT PATCH DELETE OPTIONS TRACE CONNECT PROPFIND M-SEARCH BREW X".split()
READ = {"GET", "HEAD", "OPTIONS"}
UNDOCUMENTED = "/ /docs /docs/start.js /openapi.json /openapi.yaml /problems /livez /readyz"
ALLOWED = dict.fromkeys(UNDOCUMENTED.split(), READ)
"""The methods of each address: those in the document, OPTIONS, and HEAD if there is GET."""
for _each in OPERATIONS:
    _methods = READ if _each.method == "GET" else {_each.method, "OPTIONS"}
    _address = _each.address(NO_RECORD)
    ALLOWED[_address] = ALLOWED.get(_address, set()) | _methods


def allow_of(response: TestResponse) -> list[str]:
    assert len(response.headers.getlist("Allow")) == 1
    return sorted(response.headers["Allow"].split(", "))


def headers_of(response: TestResponse) -> list[tuple[str, str]]:
    """Return the headers but `Allow`, whose methods have no order, and `RateLimit`, a count."""
    return sorted((k, v) for k, v in response.headers if k not in {"Allow", "RateLimit"})


def test_the_table_of_allowed_methods_leaves_no_address_out(app: Flask) -> None:
    adapter = app.url_map.bind("localhost")
    reached = {
        adapter.match(path, method)[0]
        for path, methods in ALLOWED.items()
        for method in methods - {"OPTIONS"}
    }
    assert reached == {rule.endpoint for rule in app.url_map.iter_rules()}


def test_a_method_that_an_address_lacks_is_405_with_exactly_those_that_it_has(
    someone: Someone,
) -> None:
    """Checklist 4 and 34: TRACE is refused too."""
    for path, allowed in ALLOWED.items():
        for method in sorted(set(METHODS) - allowed):
            refused = someone.asks(method, path)
            assert allow_of(refused) == sorted(allowed), (method, path)
            if method == "HEAD":
                assert (refused.status_code, refused.data) == (405, b"")
            else:
                assert_problem(refused, 405)


def test_options_says_what_an_address_allows_and_has_no_content(someone: Someone) -> None:
    """Checklist 5."""
    for path, allowed in ALLOWED.items():
        answer = someone.asks("OPTIONS", path)
        assert (answer.status_code, answer.data) == (204, b""), path
        assert allow_of(answer) == sorted(allowed)
        assert "Content-Type" not in answer.headers


def test_no_method_is_more_than_refused_where_nothing_is(someone: Someone) -> None:
    for method in METHODS:
        answer = someone.asks(method, "/nowhere")
        assert answer.status_code == 404
        assert "Allow" not in answer.headers
        if method != "HEAD":
            assert_problem(answer, 404)


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", NO_METHOD])
def test_an_address_that_only_resembles_one_is_404_and_leads_nowhere(
    someone: Someone, method: str
) -> None:
    for path in [
        *("//userDetails", "///userDetails", "/userDetails/", "/userDetails//", "/userDetails/."),
        *("/userDetails/..", "/./userDetails", "//userSignUp", "/userSignUp/", "/usersignup"),
        *("/USERDETAILS", "/userSignUp\0", "/userSignUp ", "//", "//docs", "/docs/", "*"),
        *("/docs/../config.py", "/docs//start.js", "/openapi.yml"),
        *("/\xff", "/%2e", "/userDetails;x", "/static/x", "userSignUp2"),
    ]:
        # Call the app as a server does; the test client would take `//` for the start of a host
        # name.
        answer = someone.asks(method, "/", environ_overrides={"PATH_INFO": path})
        assert_problem(answer, 404)
        assert "Location" not in answer.headers
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_link_that_is_written_otherwise_leads_nowhere(someone: Someone) -> None:
    link = someone.gives_details().headers["Location"]
    for path in f"{link}/", f"/{link}", link.replace("s/", "s//"), f"{link}/x", link.lower():
        for method in *(ALLOWED[NO_RECORD] - {"HEAD"}), NO_METHOD:
            answer = someone.asks(method, "/", environ_overrides={"PATH_INFO": path})
            assert_problem(answer, 404)
    assert someone.reads(link).status_code == 200


def test_an_empty_path_is_answered_as_declared(someone: Someone) -> None:
    """An absolute request target may have an empty path.

    By default, Werkzeug responds to it with a page that redirects.
    """
    answer = someone.asks("GET", "/", environ_overrides={"PATH_INFO": ""})
    assert answer.status_code in (302, 404)


def readable(someone: Someone, ada: Someone) -> Iterator[tuple[Someone, str, dict[str, str]]]:
    """Return clients, paths and request headers, for successes and errors."""
    link = ada.gives_details(username="ada", lastname="K\u00f6nig").headers["Location"]
    for path, allowed in ALLOWED.items():
        if "GET" in allowed:
            yield someone, path, {}
    yield someone, link, {}
    yield someone, link, {"Accept": "text/html"}
    yield ada, "/userDetails", {}
    yield ada, "/userDetails", {"Accept": "text/html"}
    yield someone, "/userDetails", {"Accept": "text/html"}
    yield someone, "/nowhere", {}
    yield someone, "/userSignUp", {}


def test_head_is_get_without_the_content(someone: Someone, ada: Someone) -> None:
    """Checklist 18."""
    for asker, path, headers in readable(someone, ada):
        got, head = (asker.asks(how, path, headers=headers | SAME_ID) for how in ("GET", "HEAD"))
        assert head.status == got.status, path
        assert headers_of(head) == headers_of(got), path
        assert head.data == b""
        assert head.content_length == len(got.data)


def test_a_method_in_a_header_or_a_field_does_not_count(someone: Someone) -> None:
    link = someone.gives_details().headers["Location"]
    for method in "GET", "POST":
        someone.asks(method, link, headers={"X-HTTP-Method-Override": "DELETE"})
        someone.asks(method, f"{link}?_method=DELETE", data={"_method": "DELETE"})
    assert someone.reads(link).status_code == 200


def test_the_texts_of_a_record_come_back_exactly_as_given(someone: Someone) -> None:
    """Checklist 38: as UTF-8, with characters of all planes, on both databases."""
    for text in [
        "\U0001f9a6" * 150,
        "e\u0301 \u00e9 \u212b \ufb01",  # Not normalized to NFC.
        " \u3000 \u00a0.\u2028",  # Not stripped.
        "\u202eevil\u200b\ufeff",
        "<script>alert('\"&amp;')</script>",
        "Robert'); DROP TABLE accounts; --",
        "\\u0041 %41 &#65; +",
        "\ufffd\uffff\U0010ffff",
    ]:
        created = someone.gives_details(firstname=text, lastname=text)
        record = someone.reads(created.headers["Location"]).get_json()
        assert (record["firstname"], record["lastname"]) == (text, text)
