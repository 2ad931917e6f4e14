"""Settings from the environment, read once into a frozen dataclass."""

import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from click import ClickException
from limits import parse_many
from marshmallow import Schema, ValidationError, validate
from marshmallow import fields as kinds
from psycopg.pq import Conninfo
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
    elif not url.query.keys() <= _CONNECTION_OPTIONS:
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


def _setting(kind: kinds.Field[Any], default: Any) -> Any:
    return field(default=default, metadata={"kind": kind})


def _integer(minimum: int, maximum: int) -> kinds.Integer:
    error = f"Give a whole number from {minimum} to {maximum}."
    within = validate.Range(minimum, maximum, error=error)
    return kinds.Integer(validate=within, error_messages={"invalid": error})


_CONNECTION_OPTIONS = {option.keyword.decode() for option in Conninfo.get_defaults()}
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

    host: str = _setting(_text(), "127.0.0.1")
    port: int = _setting(_integer(1, 65535), 5000)
    web_concurrency: int = _setting(_integer(1, 256), 2)
    threads: int = _setting(_integer(2, 1024), 32)
    connections_per_client: int = _setting(_integer(0, 65535), 0)
    database_url: str = _setting(_text(_check_database_url), "sqlite:///signup.db")
    database_timeout: int = _setting(_integer(1, 60), 5)
    hashing_slots: int = _setting(_integer(1, 64), 1)
    hashing_timeout: int = _setting(_integer(1, 60), 5)
    ratelimit_enabled: bool = _setting(_SWITCH, True)
    ratelimit_storage_uri: str = _setting(_text(_STORAGE), "memory://")
    ratelimit_default: str = _setting(kinds.String(validate=_check_limits), "")
    ratelimit_passwords: str = _setting(kinds.String(validate=_check_limits), "600 per minute")
    ratelimit_taken: str = _setting(kinds.String(validate=_check_limits), "600 per minute")
    ratelimit_failures: str = _setting(kinds.String(validate=_check_limits), "100 per hour")
    trusted_proxies: int = _setting(_integer(0, 16), 0)
    metrics_address: str = _setting(kinds.String(validate=_check_address), "")
    docs_enabled: bool = _setting(_SWITCH, True)
    log_level: str = _setting(
        _text(validate.OneOf(["debug", "info", "warning", "error", "critical"])), "info"
    )
    trusted_hosts: str = _setting(kinds.String(validate=_check_hosts), "")

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Return the settings that `environ` gives.

        White space around a value is removed, because a file with CRLF line ends adds a CR to each
        value. Raises `SettingsError` for invalid settings.
        """
        kinds_by_name = {f.name.upper(): f.metadata["kind"] for f in fields(cls)}
        given = {name: environ[name].strip() for name in kinds_by_name if name in environ}
        unknown = [n for n in environ if n.startswith("RATELIMIT_") and n not in kinds_by_name]
        errors = [f"{name}: There is no such setting." for name in unknown]
        for name in [name for name, value in given.items() if _UNPRINTABLE.search(value)]:
            errors.append(f"{name}: Remove the control characters, such as line breaks.")
            del given[name]
        try:
            values = Schema.from_dict(kinds_by_name)().load(given)
        except ValidationError as invalid:
            errors += [f"{k}: {' '.join(v)}" for k, v in invalid.messages_dict.items()]
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
