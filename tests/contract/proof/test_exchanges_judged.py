"""Exchanges are judged by documents of any origin, and what isn't judged is listed."""

import gzip
import json
import zlib
from typing import Any

import pytest

from api.contract.proof.document import Document, read
from api.contract.proof.exchanges import Exchange
from tests.contract.proof.judging import document, exchange, judged

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
HTML, JSON = {"Content-Type": "text/html"}, {"Content-Type": "application/json"}


def said(*cases: Any) -> list[Any]:
    """Return the cases, each named by the texts in it."""
    return [
        pytest.param(*case, id="; ".join(filter(lambda c: isinstance(c, str), case)))
        for case in cases
    ]


LIST = "schema: {type: array, items: {type: integer}}"

# A parameter, what the request has of it, and whether it is valid.
PARAMETERS = [
    (f"in: query, name: n, {LIST}", {"query": "n=1&n=2"}, True),
    (f"in: query, name: n, {LIST}", {"query": "n=1&n=a"}, False),
    (f"in: query, name: 'n[]', {LIST}", {"query": "n[]=1&n%5B%5D=2"}, True),
    (f"in: query, name: n, {LIST}, explode: false", {"query": "n=1,2"}, True),
    (f"in: query, name: n, {LIST}, explode: false", {"query": "n=1&n=2"}, False),
    (f"in: query, name: n, {LIST}, style: pipeDelimited, explode: false", {"query": "n=1|2"}, True),
    (f"in: query, name: n, {LIST}, style: spaceDelimited", {"query": "n=1%202"}, True),
    (f"in: query, name: n, {LIST}, required: true", {}, False),
    ("in: query, name: n, schema: {type: integer}", {"query": "n=1&n=2"}, False),
    ("in: query, name: n, schema: {type: integer}, allowEmptyValue: true", {"query": "n="}, True),
    (
        "in: query, name: n, schema: {anyOf: [{type: integer}, {type: 'null'}]}",
        {"query": "n=1"},
        True,
    ),
    (
        "in: query, name: n, schema: {anyOf: [{type: integer}, {type: 'null'}]}",
        {"query": "n=a"},
        False,
    ),
    ("in: query, name: n, schema: {type: boolean}", {"query": "n=true"}, True),
    (f"in: header, name: X-N, {LIST}", {"sent": {"X-N": "1, 2"}}, True),
    (f"in: header, name: X-N, {LIST}", {"sent": {"X-N": "1, a"}}, False),
    ("in: header, name: Accept, required: true, schema: {type: string}", {}, True),
    ("in: cookie, name: c, schema: {type: integer}", {"sent": {"Cookie": "a=b; c=1"}}, True),
    ("in: cookie, name: c, schema: {type: integer}", {"sent": {"Cookie": "a=b; c=d"}}, False),
    (
        "in: cookie, name: c, required: true, schema: {type: integer}",
        {"sent": {"Cookie": "a=b"}},
        False,
    ),
]
# These are neither valid nor invalid.
UNJUDGED_PARAMETERS = [
    ("in: query, name: n, style: deepObject, schema: {type: object}", {"query": "n[a]=1"}),
    ("in: query, name: n, schema: {type: object}", {"query": "n=1"}),
    ("in: query, name: n, content: {application/json: {schema: {type: object}}}", {"query": "n=1"}),
    ("in: query, name: n, schema: {type: string, pattern: '(?<![a'}", {"query": "n=1"}),
]


@pytest.mark.parametrize(("parameter", "sent", "is_valid"), said(*PARAMETERS))
def test_a_parameter_is_judged(parameter: str, sent: Any, is_valid: bool) -> None:
    operation = f"{{parameters: [{{{parameter}}}], responses: {{'200': {{}}, '400': {{}}}}}}"
    accepted = judged(document(operation), exchange(**sent))
    refused = judged(document(operation), exchange(400, **sent))
    assert ["an invalid request was accepted" in str(each) for each in accepted] == [True] * (
        not is_valid
    )
    assert ["a valid request was refused" in str(each) for each in refused] == [True] * is_valid


@pytest.mark.parametrize(("parameter", "sent"), said(*UNJUDGED_PARAMETERS))
def test_a_request_with_an_unknown_parameter_is_not_judged(parameter: str, sent: Any) -> None:
    operation = f"{{parameters: [{{{parameter}}}], responses: {{'200': {{}}, '400': {{}}}}}}"
    declared = document(operation)
    assert not judged(declared, exchange(**sent)) + judged(declared, exchange(400, **sent))
    assert len(list(declared.not_judged())) == 1


BASIC, BEARER = ({"Authorization": f"{scheme} x"} for scheme in ("Basic", "Bearer"))
SECURITY = [
    ("[{basic: []}]", BASIC, True),
    ("[{basic: []}]", BEARER, False),
    ("[{oauth: [read]}]", BEARER, True),
    ("[{oauth: [read]}]", {}, False),
    ("[{openId: []}]", BEARER, True),
    ("[{session: []}]", {"Cookie": "sid=1"}, True),
    ("[{session: []}]", {"Cookie": "other=1"}, False),
    ("[{basic: []}, {key: []}]", {"X-Key": "1"}, True),
    ("[{basic: [], key: []}]", {"X-Key": "1"}, False),
    ("[{basic: [], key: []}]", {**BASIC, "X-Key": "1"}, True),
    ("[{}, {basic: []}]", {}, True),
    ("[{tls: []}]", {}, True),
    ("[{nothing: []}]", {}, True),
]
SCHEMES = """
components:
  securitySchemes:
    basic: {type: http, scheme: basic}
    oauth: {type: oauth2, flows: {}}
    openId: {type: openIdConnect, openIdConnectUrl: /}
    session: {type: apiKey, in: cookie, name: sid}
    key: {type: apiKey, in: header, name: X-Key}
    tls: {type: mutualTLS}
"""


@pytest.mark.parametrize(("security", "sent", "is_valid"), said(*SECURITY))
def test_credentials_are_judged(security: str, sent: dict[str, str], is_valid: bool) -> None:
    declared = document(f"security: {security}", others=SCHEMES)
    violations = judged(declared, exchange(sent=sent))
    assert ["no credentials as declared" in str(each) for each in violations] == [True] * (
        not is_valid
    )


# Members of the document, the path template, the path, and whether the template has it.
PATHS = [
    ("{}", "/files/{file_path}", "/files/a/b.txt", True),
    ("{}", "/files/{id}", "/files/a/b", False),
    ("{}", "/{id}.json", "/1.json", True),
    ("{}", "/a/{note-id}", "/a/1", True),
    ("servers: [{url: 'https://api.test/v1/'}]", "/a", "/v1/a", True),
    ("servers: [{url: /v1}, {url: /v2}]", "/a", "/v2/a", True),
    ("servers: [{url: /v1}]", "/a", "/a", False),
    (
        "servers: [{url: 'https://{h}/{v}', variables: {h: {default: a.test}, v: {default: v1}}}]",
        *["/a", "/v1/a", True],
    ),
    (
        "servers: [{url: '/{v}', variables: {v: {enum: [v1, v2], default: v1}}}]",
        "/a",
        "/v2/a",
        True,
    ),
]


@pytest.mark.parametrize(("others", "template", "path", "has_it"), said(*PATHS))
def test_a_path_is_matched(others: str, template: str, path: str, has_it: bool) -> None:
    found = document(path=template, others=others).match_path(path)
    assert (found is not None and found[0] == template) == has_it


def test_of_several_templates_the_one_that_suits_is_matched() -> None:
    def item(name: str, kind: str, method: str = "get") -> dict[str, Any]:
        parameter = {"in": "path", "name": name, "required": True, "schema": {"type": kind}}
        return {method: {"parameters": [parameter], "responses": {}}}

    paths = {
        "/a/{id}": item("id", "integer"),
        "/a/{name}": item("name", "string"),
        "/a/{x}": item("x", "string", "put"),
        "/a/{all_paths}": item("all_paths", "string"),
    }
    declared = Document({"paths": paths})
    assert declared.match_path("/a/1", "GET") == ("/a/{id}", {"id": "1"})
    assert declared.match_path("/a/b", "GET") == ("/a/{name}", {"name": "b"})
    assert declared.match_path("/a/b", "PUT") == ("/a/{x}", {"x": "b"})
    assert declared.match_path("/a/b/c", "GET") == ("/a/{all_paths}", {"all_paths": "b/c"})


N_LIST = "responses: {'200': {headers: {X-N: {schema: {type: array, items: {type: integer}}}}}}"
N_JSON = "responses: {'200': {headers: {X-N: {content: {application/json: {schema: %s}}}}}}"
N_JSON %= "{type: object}"
COOKIES = "responses: {'200': {headers: {Set-Cookie: {schema: {pattern: '^[ab]=1'}}}}}"
A, B, C = (("Set-Cookie", f"{name}=1") for name in "abc")


def responses(media_type: str, schema: str = "{type: object}") -> str:
    return f"responses: {{'200': {{content: {{'{media_type}': {{schema: {schema}}}}}}}}}"


GZIP, DEFLATE, BROTLI = ({**JSON, "Content-Encoding": c} for c in ("gzip", "deflate", "br"))
# The declared content, the response's headers and content, and what is wrong.
CONTENTS = [
    (responses("application/json"), JSON, b"{}", ""),
    (responses("application/json"), JSON, b"[]", "the content isn't as declared"),
    (responses("application/json; charset=utf-8"), JSON, b"{}", ""),
    (responses("*/*"), JSON, b"[]", "the content isn't as declared"),
    (responses("image/*", "{}"), {"Content-Type": "image/png"}, b"\x89", ""),
    (responses("image/*", "{}"), JSON, b"{}", "application/json isn't declared"),
    (responses("application/pdf", "{type: string, format: binary}"),
     {"Content-Type": "application/pdf"}, b"\xff", ""),
    (responses("application/xml"), {"Content-Type": "application/xml"}, b"<a/>", ""),
    (responses("a/b+json"), {"Content-Type": "a/b+json"}, b"[]", "isn't as declared"),
    (responses("application/x-ndjson"), {"Content-Type": "application/x-ndjson"}, b"{}\n{}", ""),
    (responses("application/json-seq"), {"Content-Type": "application/json-seq"}, b"\x1e{}\n", ""),
    (responses("text/event-stream"), {"Content-Type": "text/event-stream"}, b"data: 1", ""),
    (responses("application/json"), GZIP, gzip.compress(b"{}"), ""),
    (responses("application/json"), GZIP, gzip.compress(b"[]"), "isn't as declared"),
    (responses("application/json"), GZIP, b"{}", ""),  # The client has decoded it.
    (responses("application/json"), DEFLATE, zlib.compress(b"{}"), ""),
    (responses("application/json"), BROTLI, b"\x0b", ""),
    (responses("application/json"), JSON, b"{", "the content can't be read"),
    ("responses: {'204': {}, default: {description: Other.}}", {}, b"", ""),
    (responses("application/json").replace("'200'", "default"), JSON, b"[]", "isn't as"),
    (responses("application/json").replace("'200'", "2XX"), JSON, b"[]", "isn't as"),
    ("responses: {4XX: {}}", {}, b"", "200 isn't declared"),
    ("responses: {200: {}}", {}, b"", ""),
    ("responses: {'200': {$ref: '#/components/responses/Done'}}", {}, b"", "X-N occurs 0 times"),
    ("responses: {'200': {$ref: '#/components/responses/Done'}}", {"X-N": "01"}, b"", "X-N: '01'"),
    (N_LIST, {"X-N": "1, 2"}, b"", ""),
    (N_LIST, {"X-N": "1, b"}, b"", "X-N: '1, b'"),
    (N_JSON, {"X-N": "{}"}, b"", ""),
    (N_JSON, {"X-N": "{"}, b"", ""),  # It isn't judged.
    (COOKIES, [A, B], b"", ""),
    (COOKIES, [A, C], b"", "Set-Cookie: '***'"),
]  # fmt: skip
COMPONENTS = """
components:
  headers: {N: {required: true, schema: {type: integer}}}
  responses: {Done: {headers: {X-N: {$ref: '#/components/headers/N'}}}}
  pathItems: {A: {get: {responses: {'200': {description: Done.}}}}}
"""


@pytest.mark.parametrize(("operation", "headers", "content", "wrong"), said(*CONTENTS))
def test_a_response_is_judged(operation: str, headers: Any, content: bytes, wrong: str) -> None:
    declared = document(operation, others=COMPONENTS, is_strict=False)
    violations = judged(declared, exchange(received=headers, content=content))
    assert [wrong in str(each) for each in violations] == [True] * bool(wrong)


def test_a_place_is_that_of_the_component() -> None:
    declared = document(
        "responses: {'200': {$ref: '#/components/responses/Done'}}", others=COMPONENTS
    )
    (violation,) = judged(declared, exchange())
    assert violation.place == ("components", "headers", "N")
    root = {**declared.root, "paths": {"/a": {"$ref": "#/components/pathItems/A"}}}
    (violation,) = judged(Document(root), exchange(201))
    assert violation.place == ("components", "pathItems", "A", "get", "responses")


MULTIPART = "multipart/form-data; boundary=x"


def part(name: str, content: str, file: str = "") -> bytes:
    named = f'; filename="{file}"' if file else ""
    return (
        f'--x\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n{content}\r\n'.encode()
    )


FILES = "{type: object, required: [file], properties: {file: {type: string, format: binary},"
FILES += " all: {type: array, items: {type: string, contentMediaType: application/octet-stream}},"
FILES += " tags: {type: array, items: {type: integer}}, o: {type: object, required: [a]},"
FILES += " maybe: {anyOf: [{type: string, format: binary}, {type: 'null'}]}}}"
BODIES = [
    (MULTIPART, part("file", "a", "a.txt"), True),
    (MULTIPART, part("file", "a", "a.txt") + part("all", "a", "a") + part("all", "b", "b"), True),
    (MULTIPART, part("file", "a", "a.txt") + part("tags", "1", "a"), False),
    (MULTIPART, part("file", "a", "a.txt") + part("file", "a", "a.txt"), False),
    (MULTIPART, part("file", "a", "a.txt") + part("tags", "1") + part("tags", "2"), True),
    (MULTIPART, part("file", "a", "a.txt") + part("tags", "1") + part("tags", "b"), False),
    (MULTIPART, part("file", "a", "a.txt") + part("o", '{"a": 1}'), True),
    (MULTIPART, part("file", "a", "a.txt") + part("o", "{}"), False),
    (MULTIPART, part("file", "a", "a.txt") + part("maybe", "a", "a.txt"), True),
    (MULTIPART, part("other", "a"), False),
    ("image/png", b"\x89", None),
    ("application/xml", b"<a/>", None),
    ("text/plain", b"a", False),
    ("application/vnd.a+json", b'{"file": 1}', False),
    ("application/vnd.a+json", b'{"file": "1"}', True),
]


@pytest.mark.parametrize(("media_type", "body", "is_valid"), BODIES)
def test_a_body_of_any_media_type_is_judged(
    media_type: str, body: bytes, is_valid: bool | None
) -> None:
    body += b"--x--\r\n" if media_type == MULTIPART else b""
    kinds = ("multipart/*", "image/*", "application/xml", "application/vnd.a+json")
    content = ", ".join(f"'{kind}': {{schema: {FILES}}}" for kind in kinds)
    operation = (
        f"{{requestBody: {{content: {{{content}}}}}, responses: {{'200': {{}}, '400': {{}}}}}}"
    )
    declared = document(operation, method="post")
    sent: Any = {"method": "POST", "sent": {"Content-Type": media_type}, "body": body}
    assert bool(judged(declared, exchange(**sent))) == (is_valid is False)
    assert bool(judged(declared, exchange(400, **sent))) == (is_valid is True)


# An exchange that violates only documents of services with the habits of the contract.
HABITS = [
    exchange(404, path="/elsewhere/"),
    exchange(308, path="/a/"),
    exchange(401, path="/elsewhere"),
    exchange(204, path="/elsewhere", method="OPTIONS"),
    exchange(405, method="PUT"),
    exchange(405, method="PUT", received={"Allow": "GET"}),
    exchange(403, method="PUT"),
    exchange(200, method="OPTIONS", received={"Allow": "GET"}),
    exchange(200, received={"Vary": "Cookie", "X-Frame-Options": "DENY"}),
    exchange(200, received=[("X-N", "1"), ("X-N", "2")], path="/b/1"),
    exchange(404, path="/b/x"),
    exchange(409, sent=JSON, body=b"{", method="POST", path="/b/1"),
    exchange(200, sent=JSON, body=None, method="POST", path="/b/1"),
    exchange(200, sent={**JSON, "Content-Encoding": "gzip"}, body=b"x", method="POST", path="/b/1"),
    exchange(412, method="POST", path="/b/1"),
    exchange(
        403, received={"Content-Type": "text/html"}, content=b"No.", method="POST", path="/b/1"
    ),
    exchange(200, query="%zz"),
    exchange(200, sent=BEARER, path="/c"),
    exchange(200, path="/prefix/a"),
    exchange(400, path="/d"),
    exchange(401, path="/d"),
    exchange(400, path="/f", query="at=2026-01-01T00:00:00Z", method="POST"),
    exchange(400, path="/f", query="n=x", method="POST"),
    exchange(400, path="/f", method="POST", sent=JSON, body=b'{"mail": "a@b.test", "parts": []}'),
    exchange(400, path="/f", method="POST", sent=JSON, body=b'{"parts": [{"mail": "a@b.test"}]}'),
    exchange(404, path="/b/x", method="PUT", received=HTML, content=b"No."),
    exchange(405, method="HEAD"),
    exchange(400, path="/g/1", method="DELETE"),
    exchange(200, path="/d", query="q=1&q=2"),
    exchange(200, path="/e", method="POST", sent=FORM, body=b"text=a&text=b"),
]
# An exchange that violates any document.
UNTRUTHS = [
    exchange(200, path="/elsewhere"),
    exchange(500, path="/elsewhere"),
    exchange(200, method="PUT"),
    exchange(500, method="PUT"),
    exchange(201),
    exchange(404),
    exchange(200, received={"X-N": "1"}),
    exchange(200, content=b"a", received={"Content-Type": "text/html"}),
    exchange(200, sent=JSON, body=b"{", method="POST", path="/b/1"),
    exchange(200, method="HEAD", content=b"a"),
    exchange(422, path="/d"),
    exchange(401, path="/c"),
    exchange(400, path="/f", query="n=1", method="POST"),
    exchange(400, path="/f", method="POST", sent=JSON, body=b'{"mail": null, "parts": [{}]}'),
    exchange(400, path="/f", method="POST", sent=JSON, body=b'{"day": "2026-01-01"}'),
    exchange(404, path="/b/1", method="PUT", received=HTML, content=b"No."),
    exchange(404, path="/b/x", method="PUT", received=JSON, content=b"[]"),
    exchange(405),
    exchange(400, path="/g/1"),
    exchange(200, path="/d", query="l=1&l=2"),
    exchange(200, path="/e", method="POST", sent=FORM, body=b"text=abc"),
]
SERVICE = """
paths:
  /a: {get: {responses: {'200': {description: Done.}}}}
  /b/{n}:
    parameters: [{in: path, name: n, required: true, schema: {type: integer}}]
    get: {responses: {'200': {headers: {X-N: {schema: {type: string}}}}}}
    post:
      requestBody: {content: {application/json: {}}}
      responses: {'200': {}, '403': {}, '409': {}, '412': {}}
    put: {responses: {'404': {content: {application/json: {schema: {type: object}}}}}}
  /c: {get: {security: [{}, {basic: []}], responses: {'200': {}, '401': {}}}}
  /d:
    get:
      parameters:
      - {in: query, name: q, schema: {type: string}}
      - {in: query, name: l, explode: false, schema: {type: array}}
      responses: {'200': {}, '400': {}, '401': {}, '422': {}}
  /e:
    post:
      requestBody: {content: {application/x-www-form-urlencoded: {schema: {properties: {
        text: {type: string, maxLength: 1}}}}}}
      responses: {'200': {}, '400': {}}
  /f:
    post:
      parameters:
      - {in: query, name: at, schema: {type: string, format: date-time}}
      - {in: query, name: n, schema: {type: integer, format: int32}}
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Mail'}}}}
      responses: {'200': {}, '400': {}}
  /g/{n}:
    parameters: [{in: path, name: n, required: true, schema: {type: integer}}]
    delete: {responses: {'204': {}, '400': {}}}
    get:
      parameters: [{in: query, name: page, schema: {type: integer}}]
      responses: {'200': {}, '400': {}}
components:
  securitySchemes: {basic: {type: http, scheme: basic}}
  schemas:
    Mail:
      properties:
        mail: {anyOf: [{type: string, format: email}, {type: 'null'}]}
        day: {type: string, format: date}
        parts: {type: array, items: {$ref: '#/components/schemas/Mail'}}
servers: [{url: /}]
"""


def service(*, is_strict: bool, prefix: str = "/") -> Document:
    return document(others=SERVICE.replace("url: /", f"url: {prefix}"), is_strict=is_strict)


@pytest.mark.parametrize("exchange", HABITS, ids=lambda e: f"{e.method} {e.path} {e.status}")
def test_habits_of_the_contract_are_no_rules_for_others(exchange: Exchange) -> None:
    is_prefixed = exchange.path.startswith("/prefix")
    if not is_prefixed and (exchange.path, exchange.status) != ("/elsewhere/", 404):
        assert judged(service(is_strict=True), exchange)
    assert not judged(service(is_strict=False, prefix="/prefix" if is_prefixed else "/"), exchange)


@pytest.mark.parametrize(
    "repeated",
    [
        exchange(400, path="/d", query="q=1&q=2"),
        exchange(400, path="/e", method="POST", sent=FORM, body=b"text=a&text=b"),
        exchange(400, path="/e", method="POST", sent=FORM, body=b"text=a&text=bc"),
    ],
    ids=lambda e: f"{e.path} {e.query or e.body}",
)
def test_a_repeated_parameter_may_be_refused(repeated: Exchange) -> None:
    for is_strict in (True, False):
        assert not judged(service(is_strict=is_strict), repeated)


@pytest.mark.parametrize("exchange", UNTRUTHS, ids=lambda e: f"{e.method} {e.path} {e.status}")
def test_untruths_are_violations_for_all(exchange: Exchange) -> None:
    for is_strict in (True, False):
        assert judged(service(is_strict=is_strict), exchange)


def test_a_document_with_a_servers_path_describes_an_app_behind_a_proxy_too() -> None:
    for path in "/prefix/a", "/a":
        assert not judged(service(is_strict=False, prefix="/prefix"), exchange(path=path))


def test_a_mutant_is_judged_by_the_headers_that_the_document_declares() -> None:
    declared = service(is_strict=False)
    root = json.loads(json.dumps(declared.root).replace('{"X-N":', '{"X-M":'))
    assert judged(declared.changed(root), exchange(path="/b/1", received={"X-N": "1"}))


REFUSED = "responses: {'200': {}, '400': {}, '401': {x-refuses-valid: The password may be wrong.}}"


def test_a_valid_request_may_be_refused_for_a_reason() -> None:
    assert judged(document(REFUSED), exchange(400))
    declared = document(REFUSED, refuses_valid={"do, 400": "A name may be taken."})
    for status in 400, 401:
        assert not judged(declared, exchange(status))
    assert declared.valid_refused == {
        "do, 400": "A name may be taken.",
        "do, 401": "The password may be wrong.",
    }
    assert not judged(document(REFUSED, refuses_valid={"do": "It may be full."}), exchange(400))
    assert judged(document(REFUSED, refuses_valid={"do, 40": "Another."}), exchange(400))


UNJUDGED = """
openapi: 3.1.0
servers: [{url: /}]
webhooks: {made: {post: {}}}
paths:
  /a:
    servers: [{url: /v1}]
    get:
      callbacks: {made: {}}
      security: [{tls: []}]
      parameters:
      - {in: query, name: q, style: deepObject, schema: {type: object}}
      - {in: query, name: type, schema: {type: string}}
      responses:
        '200':
          content:
            application/x-ndjson: {schema: {type: object}, example: {$ref: here}}
            application/pdf: {schema: {type: string, format: binary}}
            application/json:
              schema:
                x-order: 1
                nullable: true
                pattern: '(?<![a'
                properties: {pattern: {$ref: 'other.yaml#/A'}, callbacks: {type: file}}
components:
  securitySchemes: {tls: {type: mutualTLS}}
  schemas: {Pet: {discriminator: {propertyName: kind}}, servers: {minimum: 1}}
"""


def test_what_is_not_judged_is_listed(tmp_path: Any) -> None:
    file = tmp_path / "openapi.yaml"
    file.write_text(UNJUDGED)
    found = {what: place for place, what in Document(read(file)).not_judged()}
    assert found.keys() == {
        *["webhooks", "servers", "callbacks", "type", "the style of an object", "nullable"],
        *[
            "the invalid type: file",
            "the invalid pattern: (?<![a",
            "$ref: other.yaml#/A",
            "discriminator without oneOf",
        ],
        *["content of application/x-ndjson"],
    }
    assert found["servers"] == ("paths", "/a", "servers")


def test_the_boolean_bounds_of_openapi_3_0_are_judged() -> None:
    bounds = "schema: {type: integer, minimum: 1, exclusiveMinimum: true, nullable: true}"
    parameters = f"parameters: [{{in: query, name: n, {bounds}}}]"
    assert list(document(parameters, openapi="3.0.3").not_judged()) == []
    assert len(list(document(parameters).not_judged())) == 2


def test_a_document_is_read_as_json_has_it(tmp_path: Any) -> None:
    file = tmp_path / "openapi.yaml"
    file.write_text("{paths: {/a: {get: {responses: {200: {x: 2020-01-01}}}}}, on: yes}")
    assert read(file) == {
        "paths": {"/a": {"get": {"responses": {"200": {"x": "2020-01-01"}}}}},
        "on": True,
    }
