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


class Health(Schema):
    """The state of the service."""

    status = fields.String(required=True, validate=validate.OneOf(["ok", "unavailable"]))
