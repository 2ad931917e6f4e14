"""Bug reports of other projects, each with the corresponding request and our response.

To add one, add a row to `REPORTS`, or to `RAW` if no client library sends such bytes. A row names
the report as owner/repository#number: https://github.com/owner/repository/issues/number.
"""

import re
from base64 import b64encode
from typing import Any

import pytest

from tests.actor import Someone
from tests.clients import HOST, Client, post
from tests.serving import Server

KING, CORS = "lastname=king", "Access-Control-Allow-Origin: *"
KEY = '"one-key-for-two-forms"'
EDGE = "text/html, application/xhtml+xml, image/jxr, */*"
MISSING = '"lastname": ["Give this field."]'  # The part is that of another field.


def ask(method: str, path: str, **headers: str) -> dict[str, Any]:
    """Return a request without a body; an underscore in a header name stands for a hyphen."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"method": method, "path": path, "headers": named}


def form(text: str, charset: str = "utf-8", to: str = "/userDetails", **headers: str) -> Any:
    """Return a form with a username and this text, which is sent as Latin-1."""
    kind = f"application/x-www-form-urlencoded; charset={charset}"
    return ask("POST", to, Content_Type=kind, **headers) | {"data": b"username=sam&" + byte(text)}


def part(*lines: str, text: str = "king", charset: str = "utf-8") -> Any:
    """Return a multipart form of a username and a part `lastname` with these header fields."""
    return named('form-data; name="lastname"', *lines, text=text, charset=charset)


def named(disposition: str, *lines: str, text: str = "king", charset: str = "utf-8") -> Any:
    """Return the same form with another Content-Disposition."""
    head = "\r\n".join([f"Content-Disposition: {disposition}", *lines])
    return body(f"{USER}--x\r\n{head}\r\n\r\n{text}\r\n--x--\r\n", charset)


def body(text: str, charset: str = "utf-8", kind: str = "; boundary=x") -> Any:
    """Return a multipart/form-data body, each of whose characters is one byte."""
    kind = f"multipart/form-data; charset={charset}{kind}"
    return ask("POST", "/userDetails", Content_Type=kind) | {"data": byte(text)}


def byte(text: str) -> bytes:
    return text.encode("latin-1")


def basic(credentials: bytes) -> Any:
    return ask("GET", "/userDetails", Authorization=f"Basic {b64encode(credentials).decode()}")


def encoded(how: str) -> str:
    return f"Content-Transfer-Encoding: {how}"


def sign_up(username: str) -> Any:
    return ask("POST", "/userSignUp") | {"data": {"username": username}}


USER = '--x\r\nContent-Disposition: form-data; name="username"\r\n\r\nsam\r\n'
WHOLE = f'{USER}--x\r\nContent-Disposition: form-data; name="lastname"\r\n\r\nking\r\n--x--\r\n'
NOBODY = "/userDetails/00000000-0000-4000-8000-000000000000"
NOTE = 'form-data; name="lastname"; note="x; name=evil "'
DATED = 'form-data; modification-date="Wed, 26"; size=24; name="lastname"'
HIDDEN = "\x0eContent-Disposition: form-data; name=post"
RFC_5987 = "form-data; name=b; filename=a; filename*=utf-8''a"
PHOTO = 'form-data; name=b; filename="100% of a photo.jpeg"'
JSON = "application/json; charset=utf-8"
FOO = ask("GET", "/userDetails", Authorization="Basic foo")

# The report, its content, our request, the status of our response, and either a part of the
# response or, before a full stop, the stored lastname. RECORD stands for the link of a new record.
REPORTS: list[tuple[str, str, Any, int, str]] = [
    # Multipart: the encoding and the names of parts.
    ("pallets/werkzeug#2120", "base64 isn't decoded", part(encoded("base64")), 400, "without"),
    ("mscdex/busboy#335", "unseen encoding", part(encoded("quoted-printable")), 400, "without"),
    ("Kludex/python-multipart#63", "encodings mixed", part(encoded("BASE64")), 400, "without"),
    ("akka/akka-core#16921", "wrong data, no error", part(encoded("base64")), 400, "as it is"),
    ("Kludex/starlette#1303", "without a name: 500", named("form-data"), 400, "name="),
    ("mdn/sprints#995", "is a name needed?", named("form-data"), 400, "name="),
    ("wfrest/wfrest#325", "no form-data", named("attachment; name=lastname"), 400, "form-data"),
    ("wfrest/wfrest#325", "namex is taken", named("form-data; namex=lastname"), 400, "name="),
    ("rwf2/multer#72", "a name in another's quotes", named(NOTE), 201, "king."),
    ("rack/rack#2076", "a date hides the name", named(DATED), 201, "king."),
    ("owasp-modsecurity/ModSecurity#2660", "quotes", named("form-data; name='lastname'"), 400, ""),
    ("coreruleset/coreruleset#3796", "a control character", part(HIDDEN), 400, "Name: value"),
    ("microsoft/ModSecurity#40", "filename and filename*", named(RFC_5987), 400, MISSING),
    ("rack/rack#323", "a % in a filename raises", named(PHOTO), 400, MISSING),
    # Multipart: the lines around the parts.
    ("Kludex/python-multipart#31", "LF", body(WHOLE.replace("\r", "")), 400, "CRLF"),
    ("defnull/multipart#55", "LF: an empty form", body(WHOLE.replace("\r", "")), 400, "CRLF"),
    ("defnull/multipart#64", "CRLF first", body("\r\n" + WHOLE), 201, "king."),
    ("langflow-ai/langflow#5660", "no CRLF at the end", body(WHOLE.rstrip()), 201, "king."),
    ("requests/toolbelt#340", "no parts", body("--x--\r\n"), 400, MISSING),
    ("Kludex/starlette#1125", "no boundary: 500", body(WHOLE, kind=""), 400, "boundary"),
    ("Kludex/starlette#1588", "no boundary", body(WHOLE, kind="; boundary"), 400, "parameter"),
    # Charsets.
    ("expressjs/body-parser#50", "UTF8 is unknown", form(KING, "UTF8"), 201, "king."),
    ("expressjs/body-parser#205", "GBK", form(KING, "GBK"), 400, "to utf-8"),
    ("expressjs/body-parser#287", "which?", form(KING, "X-WINDOWS-949"), 400, "to utf-8"),
    ("expressjs/body-parser#21", "unseen", form("lastname=\xe9", "latin1"), 400, "to utf-8"),
    ("aio-libs/aiohttp#4622", "unseen", part(text="\xe0", charset="windows-1251"), 400, "to utf-8"),
    ("Kludex/starlette#425", "UTF-8 is Latin-1", part(text="\xd0\xaf"), 201, "\u042f."),
    ("pallets/werkzeug#3009", "U+FFFD for other bytes", part(text="caf\xe9"), 400, "UTF-8"),
    # Escapes, characters and fields.
    ("rack/rack#520", "a % raises", form("lastname=value1%"), 400, "as %25"),
    ("rack/rack#382", "%u2019 raises", form("lastname=foo%u2019s"), 400, "as %25"),
    ("philgyford/pepysdiary#603", "NUL: 500", form("lastname=%00"), 400, "lastname"),
    ("psycopg/psycopg2#1243", "NUL: an error", part(text="5{\0x"), 400, "lastname"),
    ("keleshev/schema#307", "$ before a line end", sign_up("a\n"), 400, "username"),
    ("marshmallow-code/marshmallow#1523", "$", form("lastname=king%0A"), 400, "lastname"),
    ("expressjs/express#1810", "twice: a list", form("lastname=a&lastname=b"), 400, "once"),
    ("todbot/Blink1Control2#174", "twice: 500", form("lastname=a&lastname=a"), 400, "once"),
    ("angular-fullstack/generator-angular-fullstack#875", "case", sign_up("Ada"), 409, "taken"),
    # Credentials and Accept.
    ("pallets/werkzeug#1816", "not UTF-8: 500", basic(b"\xffser:pass"), 401, "Basic"),
    ("pallets/werkzeug#2717", "not base64: 500", FOO, 401, "Basic"),
    ("pallets/werkzeug#1065", "*/* before text/html", form(KING, Accept=EDGE), 201, "<h1>"),
    ("pallets/werkzeug#1679", "a charset matches nothing", form(KING, Accept=JSON), 201, '"id"'),
    ("pallets/werkzeug#536", "q=0", form(KING, Accept="text/plain;q=0"), 406, "Accept"),
    # Hosts and addresses.
    ("pallets/werkzeug#640", "not ASCII: 500", ask("GET", "/livez", Host="\x8a"), 400, "Host"),
    ("pallets/flask#2106", "not ASCII: 500", ask("GET", "/livez", Host="'\xbf'"), 400, "Host"),
    ("pallets/flask#5489", "past a proxy's rule", ask("GET", "//userDetails"), 404, "at this path"),
    ("pallets/werkzeug#2834", "// redirects", ask("GET", "/docs//start.js"), 404, ""),
    # Retries, preconditions and other origins.
    ("ietf-wg-httpapi/idempotency#2", "key used", form(KING, Idempotency_Key=KEY), 409, "another"),
    ("HeliosSoftware/hfs#312", "ignored", ask("DELETE", "RECORD", If_Match='W/"2"'), 412, ""),
    ("HarperFast/harper#1435", "ignored", ask("DELETE", "RECORD", If_None_Match="*"), 412, ""),
    ("epam/ai-dial-core#1692", "nothing there", ask("DELETE", NOBODY, If_Match='"a"'), 404, ""),
    ("corydolphin/flask-cors#210", "no CORS on errors", ask("POST", "/userSignUp"), 415, CORS),
    ("corydolphin/flask-cors#67", "no CORS on errors", sign_up("a b"), 400, CORS),
]

LENGTH, CHUNKED = b"Content-Length: 26\r\n", b"Transfer-Encoding: chunked\r\n"
ODD = b"Transfer-Encoding: \x0b\x0cchunked\xa0\r\n"
FORM, LAST = b"username=ada&lastname=king", b"0\r\n\r\n"
CHUNK = b"1a\r\n" + FORM + b"\r\n"
KEYS = b'Idempotency-Key: "0123456789abcdef"\r\n' * 2
HEAD = b" HTTP/1.1\r\n" + HOST + b"\r\n"

# The report, its content, our bytes, and the status of our response.
RAW = [
    ("benoitc/gunicorn#3364", "white space around chunked", post(CHUNK + LAST, ODD), 400),
    ("benoitc/gunicorn#3091", "0xA0 ends a name", post(b"", CHUNKED.replace(b":", b"\xa0:")), 400),
    ("benoitc/gunicorn#2176", "a length and chunks", post(CHUNK + LAST, LENGTH + CHUNKED), 400),
    ("benoitc/gunicorn#2811", "a chunk of 0x1a bytes", post(b"0x" + CHUNK + LAST, CHUNKED), 400),
    ("benoitc/gunicorn#3047", "a chunk of +1a bytes", post(b"+" + CHUNK + LAST, CHUNKED), 400),
    ("benoitc/gunicorn#3382", "no end of the last chunk", post(CHUNK + b"0\r\n", CHUNKED), 400),
    ("benoitc/gunicorn#2832", "a bad chunk: 500", post(b"----abcd\r\n\r\n", CHUNKED), 400),
    ("benoitc/gunicorn#2031", "good chunks are refused", post(CHUNK + LAST, CHUNKED), 201),
    (
        "postrank-labs/goliath#351",
        "two lengths",
        post(FORM, LENGTH + b"Content-Length: 0\r\n"),
        400,
    ),
    ("pallets/werkzeug#808", "an absolute target: 500", b"GET http://google.com" + HEAD, 302),
    ("pallets/werkzeug#2200", "a target not in ASCII: 500", b"GET /\xe4\xbd\xa0" + HEAD, 400),
    ("grimurrash/test-task2#73", "two keys in a request", post(FORM, LENGTH + KEYS), 400),
]


def test_the_service_has_no_bug_of_these_reports(
    someone: Someone, ada: Someone, subtests: pytest.Subtests
) -> None:
    """Ada has signed up, and the key is used already."""
    assert ada.auth
    assert someone.gives_details({"headers": {"Idempotency-Key": KEY}}).status_code == 201
    for where, what, request, status, said in REPORTS:
        with subtests.test(f"{where}: {what}"):
            record = someone.gives_details().headers["Location"]
            path = request["path"].replace("RECORD", record)
            response = someone.asks(**{**request, "path": path})
            assert response.status_code == status, response.text
            if said.endswith("."):
                stored = someone.reads(response.headers["Location"]).get_json()
                assert stored["lastname"] == said[:-1]
            else:
                assert said in f"{response.headers}{response.text}"


@pytest.mark.parametrize(("where", "what", "sent", "status"), RAW, ids=[row[0] for row in RAW])
def test_reported_bytes_do_no_harm(
    server: Server, where: str, what: str, sent: bytes, status: int
) -> None:
    with Client(server) as client:
        assert client.send(sent).end_sending().receive().status == status, (where, what)


def test_each_row_names_its_report() -> None:
    places = [row[0] for row in REPORTS] + [row[0] for row in RAW]
    assert [p for p in places if not re.fullmatch(r"[\w.-]+/[\w.-]+#[1-9][0-9]*", p)] == []
