"""Fields of marshmallow that accept exactly what the document prints for them."""

from typing import Any

from marshmallow import fields

from .encodings import Upload


class File(fields.Field[Upload]):
    """A file of a form, which is then in multipart/form-data alone."""

    default_error_messages = {"invalid": "Give this field as a file."}  # noqa: RUF012

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Upload:
        if not isinstance(value, Upload):
            raise self.make_error("invalid")
        return value
