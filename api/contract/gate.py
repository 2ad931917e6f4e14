"""The gate, which compares every response with the replies that the app declares."""

from collections.abc import Iterator, Mapping
from typing import Any

from flask import Flask, Response, current_app, request
from werkzeug.http import remove_entity_headers

from .content import Content
from .headers import Header
from .operations import Operation, current_operation, is_flasks, operations
from .replies import Body, Reply, is_readable


class UndeclaredResponse(AssertionError):
    """A response that the app does not declare."""


def declared_reply(status: int) -> Reply | None:
    """Return the reply that the current request's operation declares for the status, or None."""
    gate: Gate = current_app.extensions["contract"]
    return gate.replies(current_operation()).get(status)


class Gate:
    """Compares every response with the declared replies.

    In tests an undeclared response raises `UndeclaredResponse`; in production it is logged as an
    error and sent. The gate sees the response after all `after_request` functions and the session.

    Unless the gate is `strict`, responses without an operation aren't compared, so that an app can
    declare one view after another, and `undeclared_views` lists the others.

    `about` holds `info`, `servers` and more `tags` of the OpenAPI document. `common_headers` are
    declared for every response; the gate also sets those that have a constant value.
    `unrouted_replies` are the replies to requests that no operation serves: unknown paths and
    methods, and OPTIONS. The document has them as a table: in the description of the last tag, if
    `about` has tags, because tools show it after all operations; otherwise in that of `info`.
    """

    def __init__(
        self,
        app: Flask,
        *,
        about: Mapping[str, Any] = {},
        common_headers: Mapping[str, Header] = {},
        unrouted_replies: Mapping[int, Reply] = {},
        strict: bool = True,
    ) -> None:
        self.about, self.unrouted_replies, self.strict = about, unrouted_replies, strict
        self._app = app
        self._common_headers = common_headers
        self._constants = {n: h.const for n, h in common_headers.items() if h.const is not None}
        self._replies: dict[Operation | None, Mapping[int, Reply]] = {}
        self._contents: dict[int, tuple[Body, Content]] = {}
        app.extensions["contract"] = self
        process = app.process_response  # Its last step saves the session.
        app.process_response = lambda response: self.check(process(response))  # type: ignore[method-assign]

    def undeclared_views(self) -> list[str]:
        """Return the method, the rule and the endpoint of each route that has no operation."""
        return [
            f"{method} {rule.rule} ({rule.endpoint})"
            for rule, methods in operations(self._app)
            for method, operation in methods.items()
            if operation is None
        ]

    def replies(self, operation: Operation | None) -> Mapping[int, Reply]:
        """Return the operation's replies by status, or those without an operation."""
        if operation not in self._replies:
            declared = operation.replies if operation else self.unrouted_replies
            self._replies[operation] = {
                status: reply.with_headers(self._common_headers)
                for status, reply in declared.items()
            }
        return self._replies[operation]

    def check(self, response: Response) -> Response:
        """Add the constant headers to the response, and compare it with its declared reply."""
        if response.status_code == 304:
            remove_entity_headers(response.headers)  # Werkzeug removes them later.
        names = {name.lower() for name, _ in response.headers}
        for name, value in self._constants.items():
            if name.lower() not in names:
                response.headers.add(name, value)
        operation = current_operation()
        if operation is None and self._passes():
            return response
        reply = self.replies(operation).get(response.status_code)
        violations = list(reply.violations(response)) if reply else ["the status is not declared"]
        if reply and current_app.testing:  # Parsing the body takes longer than all other checks.
            violations += self._wrong_content(reply, response)
            credentials = operation and operation.credentials
            is_needed = credentials and not (credentials.optional or credentials.given())
            if is_needed and response.status_code < 400:
                violations.append("a request without the declared credentials is accepted")
        if violations:
            if operation is None and request.endpoint and request.method != "OPTIONS":
                violations.append("put @operation below its route, or make the gate strict=False")
            text = (
                f"{request.method} {request.endpoint}, {response.status}: {', '.join(violations)}"
            )
            if current_app.testing:
                response.close()  # It may hold an open file.
                raise UndeclaredResponse(text)
            current_app.logger.error("undeclared response: %s", text)
        return response

    def _passes(self) -> bool:
        """Return whether the response to a request without an operation isn't compared."""
        return not self.strict or is_flasks(self._app.view_functions.get(request.endpoint or ""))

    def _wrong_content(self, reply: Reply, response: Response) -> Iterator[str]:
        """Yield each difference between JSON content and its schema, once in a test for a body."""
        body = reply.content.get(response.mimetype or "")
        if body and response.is_json and is_readable(response) and response.data:
            if id(body) not in self._contents:
                components = self.about.get("components", {}).get("schemas", {})
                # The body is kept too, because another one could get its id.
                self._contents[id(body)] = body, Content(body, components)
            value = response.get_json(silent=True)
            yield from self._contents[id(body)][1].violations(value)
