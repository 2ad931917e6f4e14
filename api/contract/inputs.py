"""Validation of a request's form, JSON, query and headers by marshmallow schemas."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from flask.globals import request_ctx
from marshmallow import Schema, ValidationError, fields, missing
from werkzeug.exceptions import BadRequest

from .encodings import NoText, json_text
from .fields import File

AnySchema = Schema | type[Schema]


def instance(schema: AnySchema) -> Schema:
    return schema() if isinstance(schema, type) else schema


class InvalidInput(BadRequest):
    """Input that doesn't fit its schema. `errors` has messages for the client by field."""

    def __init__(self, errors: Mapping[str, list[str]]) -> None:
        super().__init__("Correct the fields named in errors, and send the request again.")
        self.errors = errors


def valid(schema: Schema, given: Any, errors: Mapping[str, list[str]] = {}) -> Any:
    """Return what the schema loads. Raises `InvalidInput`.

    `errors` are raised together with those of the schema. An error
    within a field is named by its path, such as `tags.0`.
    """
    try:
        loaded = schema.load(given)
    except ValidationError as invalid:
        # A frame of marshmallow refers to the exception, and its traceback to all frames of the
        # request. Only the garbage collector could free this cycle.
        invalid.__traceback__ = None
        raise InvalidInput({**dict(_by_path(invalid.messages_dict)), **errors}) from None
    if errors:
        raise InvalidInput(errors)
    return loaded


def valid_texts(schema: Schema, pairs: Iterable[tuple[str, Any]]) -> Any:
    """Return what the schema loads from the pairs of a form or query. Raises `InvalidInput`.

    A name may occur several times if its field is a list. Names that the schema doesn't have are
    subject to its `unknown` option.
    """
    fields_by_name = {field.data_key or name: field for name, field in schema.load_fields.items()}
    given: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    for name, text in pairs:
        field = fields_by_name.get(name)
        if isinstance(field, fields.List) and (
            not isinstance(text, NoText) or isinstance(field.inner, File)
        ):
            given.setdefault(name, []).append(_typed(field.inner, text))
        elif field and (name in given or name in errors):
            errors[name] = ["Give this field once."]
        elif isinstance(text, NoText) and field and not isinstance(field, File):
            errors[name] = [text.message]
        else:
            given[name] = _typed(field, text)
    return valid(schema, given, errors)


class RequestHeaders:
    """The request headers of a schema, each named by its `data_key`.

    The values of a header that occurs several times are joined by commas (RFC 9110, section 5.3).
    """

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        names = [field.data_key or name for name, field in schema.load_fields.items()]
        self._keys = {name: "HTTP_" + name.upper().replace("-", "_") for name in names}
        self._is_needed = any(
            field.required or field.load_default is not missing for field in schema.fields.values()
        )

    def load(self) -> Any:
        """Return what the schema loads from the current request. Raises `InvalidInput`."""
        environ = request_ctx.request.environ
        given = [(name, environ[key]) for name, key in self._keys.items() if key in environ]
        # Most requests have none of the headers, and loading an empty mapping takes time too.
        return valid_texts(self.schema, given) if given or self._is_needed else {}


def _typed(field: fields.Field[Any] | None, text: Any) -> Any:
    """Return the number or boolean that `text` is in JSON, if the field is of that type."""
    if isinstance(field, fields.Number | fields.Boolean) and text == text.strip():
        with suppress(ValueError):
            return json_text(text)
    return text


def _by_path(messages: Mapping[Any, Any], within: str = "") -> Iterator[tuple[str, list[str]]]:
    for name, texts in messages.items():
        if isinstance(texts, Mapping):
            yield from _by_path(texts, f"{within}{name}.")
        else:
            yield f"{within}{name}", texts
