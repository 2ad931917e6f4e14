"""Settings from the environment, read once into a frozen dataclass."""

import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from functools import cache
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

from click import ClickException
from limits import parse_many
from marshmallow import Schema, ValidationError, validate
from marshmallow import fields as kinds
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

IDLE_TIMEOUT = 75
"""Seconds until an idle connection is closed."""
REQUEST_TIMEOUT = 20
"""Seconds for a whole request, head and body, from its first byte."""
UNREAD_TIMEOUT = 20
"""Seconds until a client that reads nothing of its response is disconnected."""
RESPONSE_TIMEOUT = 120
"""Seconds for a response, from the request's last byte until the client has read all of it."""
LINGER_TIMEOUT = 2
"""Seconds for which a closing connection waits for more bytes from the client. If a worker has no
free connection, also the seconds for which a connection may wait for its client."""
GRACE_PERIOD = 30
"""Minimum seconds that requests in flight have to finish when the service stops."""
HEARTBEAT_TIMEOUT = 30
"""Seconds without a heartbeat until a worker is replaced. Workers send one every second."""


class SettingsError(ClickException):
    """Invalid settings. The message names each, and says which values are valid."""


def _check_limits(value: str) -> None:
    with suppress(ValueError):
        if not value or all(limit.amount > 0 for limit in parse_many(value)):
            return
    raise ValidationError("Give limits such as '100 per minute;1000 per hour'.")


@cache
def _connection_options() -> set[str]:
    """Return PostgreSQL's options. psycopg is imported only if the database is PostgreSQL."""
    defaults = import_module("psycopg.pq").Conninfo.get_defaults()
    return {option.keyword.decode() for option in defaults}


def _check_database_url(value: str) -> None:
    try:
        url = make_url(value)
    except (ArgumentError, ValueError):
        raise ValidationError("Give a URL such as sqlite:///signup.db.") from None
    if url.drivername not in ("sqlite", "postgresql", "postgres", "postgresql+psycopg"):
        raise ValidationError("Use sqlite:/// or postgresql+psycopg://.")
    name = url.database or ""  # Its percent-encoding is decoded.
    if _UNPRINTABLE.search(name):
        raise ValidationError("Remove the control characters from the database's name.")
    if url.get_backend_name() == "sqlite":
        if name in ("", ":memory:"):
            raise ValidationError(
                "Name a file, because a database in memory is lost when the service stops."
            )
        # ? or # would end the URL's path, so that SQLite would open another file.
        if url.host or url.username or "?" in value or "#" in value or name.startswith("file:"):
            raise ValidationError(
                "Give a SQLite file by its path alone, as sqlite:///signup.db; "
                "write ? in it as %3F, and # as %23."
            )
    elif not url.query.keys() <= _connection_options():
        # Other options are arguments of the driver: they would change the service, or raise.
        raise ValidationError("Give only PostgreSQL's own options after ?, such as sslmode.")


def _check_address(value: str) -> None:
    port = value.rpartition(":")[2] if _ADDRESS.fullmatch(value) else ""
    if value and not (port and 1 <= int(port) <= 65535):
        raise ValidationError("Give an address and a port, such as 127.0.0.1:9100.")


def _check_hosts(value: str) -> None:
    if value and not all(_HOST.fullmatch(host.strip()) for host in value.split(",")):
        raise ValidationError(
            "Give host names such as example.org,.example.org, without scheme and port."
        )


def _setting(kind: kinds.Field[Any], default: Any, meaning: str) -> Any:
    return field(default=default, metadata={"kind": kind, "meaning": meaning})


def _integer(minimum: int, maximum: int) -> kinds.Integer:
    error = f"Give a whole number from {minimum} to {maximum}."
    within = validate.Range(minimum, maximum, error=error)
    return kinds.Integer(validate=within, error_messages={"invalid": error})


_SWITCH = kinds.Boolean(error_messages={"invalid": "Give true or false."})
_UNPRINTABLE = re.compile("[\0-\x1f\x7f-\x9f\ufffd]")
"""Control characters, and U+FFFD, which replaces bytes that aren't UTF-8."""
_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}")
_HOST = re.compile(r"\.?[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?|\[[0-9A-Fa-f:.]{2,45}\]")
_STORAGE = validate.Regexp(
    r"memory://$|rediss?://([^/?#\s]*@)?[^/?#:@\s]+(:\d{1,5})?(/\d*)?$",
    error="Use memory:// or redis://.",
)


def _text(*checks: Callable[[str], Any]) -> kinds.String:
    return kinds.String(validate=[validate.Length(min=1, error="Give a value."), *checks])


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings. Each is read from the environment variable of its name in capitals."""

    host: str = _setting(
        _text(),
        "127.0.0.1",
        "Address to listen on: 0.0.0.0 for all of IPv4, :: for all of IPv6 and IPv4. If it is "
        "a name that has an IPv4 address, the service listens on that address.",
    )
    port: int = _setting(
        _integer(1, 65535),
        5000,
        "Port to listen on.",
    )
    web_concurrency: int = _setting(
        _integer(1, 256),
        2,
        "Number of worker processes. Set it to the number of cores.",
    )
    threads: int = _setting(
        _integer(2, 1024),
        32,
        "Maximum connections to PostgreSQL per worker. It has no effect on SQLite, which each "
        "worker reads in one thread and writes in another.",
    )
    connections_per_client: int = _setting(
        _integer(0, 65535),
        0,
        "Maximum connections per client address to each worker; 0 for no limit. Leave it 0 "
        "behind a proxy, because all clients have the proxy's address there.",
    )
    database_url: str = _setting(
        _text(_check_database_url),
        "sqlite:///signup.db",
        "sqlite:/// and the path of a file, with ? written as %3F and # as %23; or "
        "postgresql+psycopg://user:password@host/name.",
    )
    database_timeout: int = _setting(
        _integer(1, 60),
        5,
        "Seconds to wait for the database before a 503.",
    )
    hashing_slots: int = _setting(
        _integer(1, 64),
        1,
        "Passwords that a worker hashes at the same time. Each takes 19 MiB and one core.",
    )
    hashing_timeout: int = _setting(
        _integer(1, 60),
        5,
        "Seconds that a request waits for its password to be hashed before a 503.",
    )
    ratelimit_enabled: bool = _setting(
        _SWITCH,
        True,
        "Whether the rate limits below apply.",
    )
    ratelimit_storage_uri: str = _setting(
        _text(_STORAGE),
        "memory://",
        "Where requests are counted. Use redis://host:6379 for several instances.",
    )
    ratelimit_default: str = _setting(
        kinds.String(validate=_check_limits),
        "",
        "Limit of each operation per client address, such as 100 per minute.",
    )
    ratelimit_passwords: str = _setting(
        kinds.String(validate=_check_limits),
        "600 per minute",
        "Limit per client address of sign-ups with a password and password checks together.",
    )
    ratelimit_taken: str = _setting(
        kinds.String(validate=_check_limits),
        "600 per minute",
        'Maximum "username taken" responses per client address; after that, its sign-ups get '
        "429 until the window ends.",
    )
    ratelimit_failures: str = _setting(
        kinds.String(validate=_check_limits),
        "100 per hour",
        "Maximum failed password checks per account.",
    )
    trusted_proxies: int = _setting(
        _integer(0, 16),
        0,
        "Number of proxies in front of the service, whose X-Forwarded-For, -Proto, -Host and "
        "-Prefix are used.",
    )
    metrics_address: str = _setting(
        kinds.String(validate=_check_address),
        "",
        "Address of the Prometheus metrics, such as 127.0.0.1:9100, or [::]:9100 for IPv6 and "
        "IPv4.",
    )
    docs_enabled: bool = _setting(
        _SWITCH,
        True,
        "Whether /docs and the document are served.",
    )
    log_level: str = _setting(
        _text(validate.OneOf(["debug", "info", "warning", "error", "critical"])),
        "info",
        "debug, info, warning, error or critical. Above info, requests are not logged.",
    )
    trusted_hosts: str = _setting(
        kinds.String(validate=_check_hosts),
        "",
        "Host names of this service, comma-separated, such as example.org,.example.org (a "
        "leading dot includes subdomains). A request to another host gets 400. Empty allows "
        "any host.",
    )

    @classmethod
    def from_environ(
        cls,
        environ: Mapping[str, str] = os.environ,
        files: Mapping[str, str] = MappingProxyType({}),
    ) -> "Settings":
        """Return the settings that `environ` gives. `files` has the files that variables are from.

        White space around a value is removed, because a file with CRLF line ends adds a CR to each
        value. Raises `SettingsError` for invalid settings.
        """

        def error(name: str, words: str) -> str:
            return f"{name} (in {files[name]}): {words}" if name in files else f"{name}: {words}"

        kinds_by_name = {f.name.upper(): f.metadata["kind"] for f in fields(cls)}
        given = {name: environ[name].strip() for name in kinds_by_name if name in environ}
        unknown = [n for n in environ if n.startswith("RATELIMIT_") and n not in kinds_by_name]
        errors = [error(name, "There is no such setting.") for name in unknown]
        for name in [name for name, value in given.items() if _UNPRINTABLE.search(value)]:
            errors.append(error(name, "Remove the control characters, such as line breaks."))
            del given[name]
        try:
            values = Schema.from_dict(kinds_by_name)().load(given)
        except ValidationError as invalid:
            errors += [error(k, " ".join(v)) for k, v in invalid.messages_dict.items()]
        if errors:
            raise SettingsError("; ".join(errors))
        return cls(**{name.lower(): value for name, value in values.items()})

    @property
    def url(self) -> URL:
        """The database's URL. The driver of PostgreSQL is always psycopg."""
        url = make_url(self.database_url)
        if url.get_backend_name() == "sqlite":
            # Absolute, so that a later change of the current directory doesn't change the file.
            return url.set(database=str(Path(str(url.database)).absolute()))
        return url.set(drivername="postgresql+psycopg")

    @property
    def grace_period(self) -> int:
        """Seconds that requests in flight have to finish when the service stops.

        A request that has just begun can be received, hash a password and execute a statement.
        """
        longest = REQUEST_TIMEOUT + self.hashing_timeout + self.database_timeout
        return max(GRACE_PERIOD, longest)

    @property
    def trusted_host_names(self) -> list[str]:
        """The allowed hosts of requests; empty if any host is allowed."""
        return [host.strip() for host in self.trusted_hosts.split(",") if host.strip()]


def describe_settings() -> list[tuple[str, str]]:
    """Return the variable of each setting with its default, and the meaning of the setting."""
    return [
        (f"{f.name.upper()}={f.default}".replace("=True", "=true"), f.metadata["meaning"])
        for f in fields(Settings)
    ]
