"""Declared operations, for any Flask app.

A view declares its replies with `operation`, a `Gate` compares each response with that declaration,
and `document` prints the declarations as OpenAPI 3.1. `changes` lists what changed between two
documents. `proof` holds recorded exchanges against a document; only tests import it, because it
needs libraries that the app doesn't.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .bodies import UnsupportedCoding, refuse_transfer_coding
    from .credentials import AllOf, AnyOf, Credentials
    from .encodings import Upload
    from .fields import File
    from .forms import FORM
    from .gate import Gate, UndeclaredResponse, declared_reply
    from .headers import Header
    from .inputs import InvalidInput
    from .openapi import document, to_yaml
    from .operations import REFUSALS, Operation, current_operation, operation
    from .replies import HTML, JSON, PLAIN, Body, Link, Reply, message
else:
    _MODULES = [
        *["bodies", "credentials", "encodings", "fields", "forms", "gate", "headers", "inputs"],
        *["openapi", "operations", "replies"],
    ]

    def __getattr__(name: str) -> object:
        """Import what needs Flask only when it is used, so that `proof` works without Flask."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        modules = (import_module(f".{module}", __name__) for module in _MODULES)
        return next(getattr(module, name) for module in modules if hasattr(module, name))


__all__ = [
    "FORM",
    "HTML",
    "JSON",
    "PLAIN",
    "REFUSALS",
    "AllOf",
    "AnyOf",
    "Body",
    "Credentials",
    "File",
    "Gate",
    "Header",
    "InvalidInput",
    "Link",
    "Operation",
    "Reply",
    "UndeclaredResponse",
    "UnsupportedCoding",
    "Upload",
    "current_operation",
    "declared_reply",
    "document",
    "message",
    "operation",
    "refuse_transfer_coding",
    "to_yaml",
]
