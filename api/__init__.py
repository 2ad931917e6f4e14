"""A sign-up API whose OpenAPI document is proven by its tests."""

from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from flask import Flask

    from api.config import Settings


def create_app(settings: "Settings | None" = None) -> "Flask":
    """Return the service, by `settings` or else by the environment's. Raises `SettingsError`.

    Its modules are imported here, because `python -m api` patches Python's before.
    """
    return cast("Flask", import_module("api.application").create_app(settings))
