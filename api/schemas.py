"""marshmallow schemas of the forms, the request headers and the response bodies."""

from typing import Any

from marshmallow import EXCLUDE, Schema, fields, validate

from api import fields as rules
from api.header_fields import IDEMPOTENCY_KEY
from api.text_rules import Timestamp

LARGEST_FORM = 16 * 1024
"""The maximum size of a form, in bytes."""


class Form(Schema):
    """A form, whose unknown fields are ignored."""

    class Meta:
        unknown = EXCLUDE


class SignUp(Form):
    """The form of a sign-up."""

    username = rules.USERNAME.field(required=True)
    password = rules.PASSWORD.field()


class NewUserDetails(Form):
    """The form of user details."""

    username = rules.USERNAME.field(required=True)
    firstname = rules.FIRSTNAME.field()
    lastname = rules.LASTNAME.field(required=True)


class RetryHeaders(Schema):
    """The request headers of an operation that can be retried safely."""

    idempotency_key = IDEMPOTENCY_KEY.field(data_key="Idempotency-Key")


def _text(description: str, example: str, **rule: Any) -> fields.String:
    metadata = {"description": description, "examples": [example]}
    return fields.String(required=True, metadata=metadata, **rule)


class RecordLink(Schema):
    """The path of a record."""

    id = rules.ID_IN_LINK.field()


class SignedUp(Schema):
    """The response to a sign-up."""

    message = _text("Always this text.", "Success", validate=validate.Equal("Success"))


class CreatedUserDetails(SignedUp):
    """The response to submitted user details."""

    id = rules.RECORD_ID.field(required=True)


class UserDetails(Schema):
    """A record of user details."""

    id = rules.RECORD_ID.field(required=True)
    username = rules.USERNAME.field(required=True)
    firstname = rules.FIRSTNAME_IN_RESPONSE.field(required=True, allow_none=True)
    lastname = rules.LASTNAME_IN_RESPONSE.field(required=True)
    createdAt = rules.CREATED_AT.field(Timestamp, required=True, attribute="created_at")  # noqa: N815


class Problem(Schema):
    """The body of every error (RFC 9457)."""

    type = _text(
        "The kind of problem: a reference to the page that describes it, or about:blank if the "
        "status says enough.",
        "about:blank",
    )
    title = _text("The name of the kind of problem, or of the status.", "Bad Request")
    status = fields.Integer(
        required=True,
        validate=validate.Range(400, 503),
        metadata={
            "description": "The status of the response.",
            "examples": [400],
            "format": "int32",
        },
    )
    detail = _text("What is wrong, and what to do.", "Correct the fields named in errors.")
    errors = fields.Dict(
        values=fields.List(fields.String(), validate=validate.Length(equal=1)),
        metadata={
            "description": "A message for each invalid field or header.",
            "examples": [{"username": ["Give this field."]}],
        },
    )


class Health(Schema):
    """The state of the service."""

    status = fields.String(required=True, validate=validate.OneOf(["ok", "unavailable"]))
