"""Errors as problems (RFC 9457), for an app that has no error format of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

from flask import Blueprint, Response, json
from flask.typing import ResponseReturnValue
from jinja2 import Template
from marshmallow import Schema, fields, validate
from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES

from .gate import declared_reply
from .headers import Header
from .operations import operation
from .replies import HTML, Body, Reply

PROBLEM = "application/problem+json"
ABOUT_BLANK = "about:blank"
"""The type of a problem that its status alone tells (RFC 9457, section 4.2.1)."""
SERVER_FAULT = "The service failed. Try again later."
"""The `detail` of an error without a declared reply, such as an unexpected exception."""

_PAGE = Path(__file__).with_name("pages") / "problems.html"
_PAGE_PATH = "/problems"
# Werkzeug has an older phrase for this than RFC 9110.
_PHRASES = HTTP_STATUS_CODES | {413: "Content Too Large"}


@dataclass(frozen=True, kw_only=True)
class ProblemType:
    """A type of problem: its name in the URI, its title, what it means and what a client does.

    The URI is a reference with a full path, which is the same at every host of the service, so that
    a program can compare it.
    """

    name: str
    title: str
    meaning: str
    advice: str

    @property
    def uri(self) -> str:
        return f"{_PAGE_PATH}#{self.name}"

    @property
    def detail(self) -> str:
        return f"{self.meaning} {self.advice}"


class Refused(HTTPException):
    """A refusal of a request, which is a problem of this kind."""

    def __init__(self, code: int, kind: ProblemType) -> None:
        super().__init__(kind.detail)
        self.code, self.kind = code, kind


def problem_schema(
    statuses: validate.Range | None = None, messages: validate.Length | None = None
) -> type[Schema]:
    """Return the schema of problems with these statuses, and so many messages for each field."""

    def metadata(description: str, example: Any, **more: str) -> dict[str, Any]:
        return {"description": description, "examples": [example], **more}

    kind = metadata(
        "The kind of problem: a reference to the page that describes it, or about:blank if the "
        "status says enough.",
        ABOUT_BLANK,
    )
    name = metadata("The name of the kind of problem, or of the status.", "Bad Request")
    status = metadata("The status of the response.", 400, format="int32")
    advice = metadata("What is wrong, and what to do.", "Correct the fields named in errors.")
    example = {"username": ["Give this field."]}
    by_field = metadata("A message for each invalid field or header.", example)
    texts = fields.List(fields.String(), validate=messages)
    members: dict[str, fields.Field[Any]] = {
        "type": fields.String(required=True, metadata=kind),
        "title": fields.String(required=True, metadata=name),
        "status": fields.Integer(required=True, validate=statuses, metadata=status),
        "detail": fields.String(required=True, metadata=advice),
        "errors": fields.Dict(values=texts, metadata=by_field),
    }
    return Schema.from_dict(members, name="Problem")


Problem = problem_schema()


def problem(
    status: int,
    detail: str,
    kind: ProblemType | None = None,
    errors: Mapping[str, list[str]] | None = None,
) -> dict[str, Any]:
    """Return the body of a problem of this kind, or of one told by its status alone.

    The title of the latter is the phrase of the status (RFC 9457, section 4.2.1).
    """
    uri, title = (kind.uri, kind.title) if kind else (ABOUT_BLANK, _PHRASES[status])
    members = {"type": uri, "title": title, "status": status, "detail": detail}
    return members | ({"errors": errors} if errors else {})


def problem_text(content: Mapping[str, Any]) -> str:
    """Return the problem as JSON that ends in a line end, as every JSON response does."""
    return json.dumps(content) + "\n"


def problem_reply(
    meaning: str,
    headers: Mapping[str, Header] = {},
    kinds: Sequence[ProblemType | None] = (None,),
    *,
    schema: type[Schema] = Problem,
    **example: Any,
) -> Reply:
    """Return a declaration of a problem of one of these kinds, with an example of the first.

    `meaning` is the description and default `detail`. If there are other kinds than the first that
    have a type, each of them has an example too. `schema`, if it is another one, is made by
    `problem_schema`, once for all replies.
    """
    uris = [kind.uri if kind else ABOUT_BLANK for kind in kinds]
    examples = {
        kind.name if kind else ABOUT_BLANK: partial(
            problem, detail=kind.detail if kind else meaning, kind=kind
        )
        for kind in (kinds[0], *filter(None, kinds[1:]))
    }
    first = next(iter(examples))
    examples[first] = partial(examples[first], **example)
    body = Body(
        schema,
        example=examples[first] if len(examples) == 1 else None,
        examples=examples if len(examples) > 1 else {},
        keywords={"properties": {"type": {"enum": uris}}},
    )
    return Reply(description=meaning, content={PROBLEM: body}, headers=headers)


def sort_methods(methods: str) -> str:
    """Return the value of an `Allow` with sorted methods. Werkzeug's order varies by process."""
    return ", ".join(sorted(methods.split(", ")))


def problem_response(
    error: HTTPException, kinds: Mapping[type[HTTPException], ProblemType] = {}
) -> Response:
    """Return the error as a problem, with its own headers and its reply's constant ones.

    `kinds` are those of exceptions that aren't `Refused`. As the error handler for `HTTPException`
    this function gets unexpected exceptions too, which Flask turns into one.
    """
    status = cast("int", error.code)  # Flask calls no handler for an error without a code.
    kind = error.kind if isinstance(error, Refused) else kinds.get(type(error))
    reply = declared_reply(status)
    default = kind.detail if kind else reply.description if reply else SERVER_FAULT
    detail = error.description if error.description != type(error).description else default
    body = problem_text(problem(status, detail or default, kind, getattr(error, "errors", None)))
    response = Response(body, status, content_type=PROBLEM)
    for name, header in (reply.headers if reply else {}).items():
        if header.const and header.required:
            response.headers[name] = header.const
    for name, value in error.get_headers():
        if name != "Content-Type":
            response.headers[name] = sort_methods(value) if name == "Allow" else value
    return response


def problem_types_page(title: str, types: Sequence[ProblemType]) -> Blueprint:
    """Return a blueprint with the page that describes these types, to which their URIs refer."""
    blueprint = Blueprint("problems", __name__)
    template = Template(_PAGE.read_text("utf-8"), autoescape=True, trim_blocks=True)
    page: str = template.render(title=title, types=types)

    @blueprint.get(_PAGE_PATH)
    @operation({200: Reply(description="The page.", content={HTML: Body({})})}, documented=False)
    def show_problems() -> ResponseReturnValue:
        return page

    return blueprint
