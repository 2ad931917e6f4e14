"""The form and the response as marshmallow schemas, for the peers that take these."""

from marshmallow import EXCLUDE, Schema, fields, validate

from .records import LONGEST, NAME, TEXT


def _length(least: int) -> validate.Length:
    return validate.Length(least, LONGEST)


class NewUserDetails(Schema):
    """The form."""

    class Meta:
        unknown = EXCLUDE

    username = fields.String(required=True, validate=[_length(1), validate.Regexp(NAME)])
    firstname = fields.String(validate=[_length(0), validate.Regexp(TEXT)])
    lastname = fields.String(required=True, validate=[_length(1), validate.Regexp(TEXT)])


class Created(Schema):
    """The response."""

    message = fields.String(required=True)
    id = fields.UUID(required=True)
