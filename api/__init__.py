"""A sign-up API whose OpenAPI document is proven by its tests."""

from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from flask import Flask

    from api.config import Settings

__version__ = "2.0.0"
"""The version of the package."""


def create_app(settings: "Settings | None" = None) -> "Flask":
    """Return the service, configured by `settings`, or by the environment and `.env`.

    Raises `SettingsError` for invalid settings. The application is imported here, so that
    `sign-up-api` can apply gevent's patches before.
    """
    return cast("Flask", import_module("api.application").create_app(settings))
