"""Declarations of credentials: one security scheme, or several."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from flask import request
from flask.globals import request_ctx
from werkzeug.exceptions import Unauthorized

from .once import once_per_request

# Flask's names for the places of an API key other than a header.
_PLACES = {"query": "args", "cookie": "cookies"}


@dataclass(frozen=True)
class Credentials:
    """A security scheme, with its name and its members in OpenAPI.

    `check` returns the account that the current request's credentials belong to, or raises
    `Unauthorized`. Without `check`, the operation only declares credentials, which a decorator or
    `before_request` of the app checks, and its view gets no `account`.
    """

    name: str
    scheme: Mapping[str, Any]
    check: Callable[[], Any] | None = None
    optional: bool = False
    scopes: Sequence[str] = ()

    def given(self) -> bool:
        """Return whether the request has credentials, valid or not."""
        name, place = self.scheme.get("name", "Authorization"), self.scheme.get("in", "header")
        if place == "header":
            return "HTTP_" + name.upper().replace("-", "_") in request_ctx.request.environ
        return name in getattr(request, _PLACES[place])

    def account(self) -> Any:
        """Return what `check` returns, or None if credentials are optional and not given.

        They are checked once per request, because to check a password takes long.
        """
        if self.check is None or (self.optional and not self.given()):
            return None
        return once_per_request("contract.account." + self.name, self.check)

    def parts(self) -> list["Credentials"]:
        return [self]

    def requirements(self) -> list[dict[str, list[str]]]:
        """Return the Security Requirement Objects (OpenAPI 3.1, section 4.8.30)."""
        return [{self.name: list(self.scopes)}]


class AnyOf:
    """Credentials of which one suffices. The first valid one determines the account."""

    def __init__(self, *each: "Credentials | AllOf", optional: bool = False) -> None:
        self.each, self.optional = each, optional
        if len({part.check is None for part in self.parts()}) > 1:
            raise ValueError("Give a check to each of several credentials, or to none of them.")

    def given(self) -> bool:
        return any(one.given() for one in self.each)

    def account(self) -> Any:
        given = [one for one in self.each if one.given()]
        if self.optional and not given:
            return None
        for one in given[:-1]:
            with suppress(Unauthorized):
                return one.account()
        return [self.each[0], *given][-1].account()

    def parts(self) -> list[Credentials]:
        return [part for one in self.each for part in one.parts()]

    def requirements(self) -> list[dict[str, list[str]]]:
        return [required for one in self.each for required in one.requirements()]


class AllOf(AnyOf):
    """Credentials that are needed together. The account is the tuple of their accounts."""

    def account(self) -> Any:
        is_left_out = self.optional and not self.given()
        return None if is_left_out else tuple(one.account() for one in self.each)

    def requirements(self) -> list[dict[str, list[str]]]:
        return [{part.name: list(part.scopes) for part in self.parts()}]
