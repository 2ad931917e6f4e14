"""marshmallow schemas: the forms that come in, the bodies that go out, the one error body."""

from typing import Any

from marshmallow import EXCLUDE, Schema, fields, validate

from api import fields as rules
from api.header_fields import IDEMPOTENCY_KEY

LARGEST_FORM = 16 * 1024
"""The most bytes that a form may have."""


class Form(Schema):
    """A form that comes in: fields it doesn't have are ignored."""

    class Meta:
        unknown = EXCLUDE


class SignUp(Form):
    """Who signs up."""

    username = rules.USERNAME.field(required=True)
    password = rules.PASSWORD.field()


class NewUserDetails(Form):
    """Details as they come in."""

    username = rules.USERNAME.field(required=True)
    firstname = rules.FIRSTNAME.field()
    lastname = rules.LASTNAME.field(required=True)


class Retry(Schema):
    """What the header fields of a request that may be sent again hold."""

    idempotency_key = IDEMPOTENCY_KEY.field(data_key="Idempotency-Key")


def _said(description: str, example: str, **rule: Any) -> fields.String:
    metadata = {"description": description, "examples": [example]}
    return fields.String(required=True, metadata=metadata, **rule)


class RecordLink(Schema):
    """What the path of a record's link holds."""

    id = rules.ID_IN_LINK.field()


class Done(Schema):
    """What was done."""

    message = _said("What was done.", "Success", validate=validate.Equal("Success"))


class Created(Done):
    """What was done, and the new record's key."""

    id = rules.RECORD_ID.field(required=True)


class UserDetails(Schema):
    """A record of details."""

    id = rules.RECORD_ID.field(required=True)
    username = rules.USERNAME.field(required=True)
    firstname = rules.FIRSTNAME_GIVEN.field(required=True, allow_none=True)
    lastname = rules.LASTNAME_GIVEN.field(required=True)
    createdAt = rules.CREATED_AT.field(rules.Timestamp, required=True, attribute="created_at")  # noqa: N815


class Problem(Schema):
    """The one error body (RFC 9457)."""

    type = _said(
        "No more than the status says.", "about:blank", validate=validate.Equal("about:blank")
    )
    title = _said("The status's own phrase.", "Bad Request")
    status = fields.Integer(
        required=True,
        validate=validate.Range(400, 503),
        metadata={"description": "The answer's status.", "examples": [400], "format": "int32"},
    )
    detail = _said("What to do about it.", "Correct the fields named in errors.")
    errors = fields.Dict(
        values=fields.List(fields.String(), validate=validate.Length(equal=1)),
        metadata={
            "description": "One message for each invalid field of the form or the header.",
            "examples": [{"username": ["Give this field."]}],
        },
    )


class Health(Schema):
    """How the service is, for its operator."""

    status = fields.String(required=True, validate=validate.OneOf(["ok", "unavailable"]))
