"""The error message for each invalid setting, exactly and at its bounds."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from api.config import Settings, SettingsError

LIMITS = "Give limits such as '100 per minute;1000 per hour'."
MEMORY = "Name a file, because a database in memory is lost when the service stops."
PLACE = "Give an address and a port, such as 127.0.0.1:9100."
HOSTS = "Give host names such as example.org,.example.org, without scheme and port."
BAD_HOSTS = [
    "*",
    "a,,b",
    "http://a",
    "a:80",
    "::1",
    "a/b",
    "a b",
    "ä",
    ".",
    ",",
    "[::1]:80",
    "x" * 64,
]
BY_PATH = (
    "Give a SQLite file by its path alone, as sqlite:///signup.db; "
    "write ? in it as %3F, and # as %23."
)
CONTROL = "Remove the control characters, such as line breaks."
NAME = "Remove the control characters from the database's name."


STORAGE = "Use memory:// or redis://."
OPTIONS = "Give only PostgreSQL's own options after ?, such as sslmode."


def error_message(**environ: str) -> str:
    """Return the error message for these settings, or "" if they are valid."""
    try:
        Settings.from_environ(environ)
    except SettingsError as refused:
        return str(refused.message)
    return ""


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("PORT", 1, 65535),
        ("WEB_CONCURRENCY", 1, 256),
        ("THREADS", 2, 1024),
        ("CONNECTIONS_PER_CLIENT", 0, 65535),
        ("DATABASE_TIMEOUT", 1, 60),
        ("HASHING_SLOTS", 1, 64),
        ("HASHING_TIMEOUT", 1, 60),
        ("TRUSTED_PROXIES", 0, 16),
    ],
)
def test_a_number_is_taken_to_its_bounds(name: str, least: int, most: int) -> None:
    assert {error_message(**{name: str(number)}) for number in (least, most)} == {""}
    words = f"{name}: Give a whole number from {least} to {most}."
    for text in str(least - 1), str(most + 1), "x", "":
        assert error_message(**{name: text}) == words


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("HOST", "", "Give a value."),
        ("DATABASE_URL", "", "Give a value. Give a URL such as sqlite:///signup.db."),
        ("DATABASE_URL", "x", "Give a URL such as sqlite:///signup.db."),
        ("DATABASE_URL", "sqlite://host:x/f", "Give a URL such as sqlite:///signup.db."),
        ("DATABASE_URL", "mysql://h/n", "Use sqlite:/// or postgresql+psycopg://."),
        ("DATABASE_URL", "sqlite://", MEMORY),
        ("DATABASE_URL", "sqlite:///", MEMORY),
        ("DATABASE_URL", "sqlite:///:memory:", MEMORY),
        ("DATABASE_URL", "sqlite://h/f", BY_PATH),
        ("DATABASE_URL", "sqlite://u@/f", BY_PATH),
        ("DATABASE_URL", "sqlite:///f?mode=ro", BY_PATH),
        *[
            ("DATABASE_URL", f"sqlite:///{text}", BY_PATH)
            for text in ("my?file.db", "f?", "f?mode", "f#x", "f #x", "file:f")
        ],
        *[
            ("DATABASE_URL", text, NAME)
            for text in ("sqlite:///f%0D", "sqlite:///%00", "sqlite:///%FF", "postgresql://h/n%0A")
        ],
        *[
            (name, text, CONTROL)
            for name, text in [
                ("HOST", "127.0.0.1\r\n::1"),
                ("PORT", "50\t00"),
                ("DATABASE_URL", "sqlite:///f\n.db"),
                ("DATABASE_URL", "sqlite:///f\0"),
                ("RATELIMIT_STORAGE_URI", "memory://\x85x"),
                ("RATELIMIT_DEFAULT", "1/day\r;1/hour"),
                ("METRICS_ADDRESS", "h:\x7f1"),
            ]
        ],
        *[("RATELIMIT_STORAGE_URI", f"redis://{h}", STORAGE) for h in ("a b", "u:p q@h")],
        ("DOCS_ENABLED", " \r\n", "Give true or false."),
        ("DATABASE_URL", " ", "Give a value. Give a URL such as sqlite:///signup.db."),
        ("DATABASE_URL", "postgresql://h/n?sslmod=require", OPTIONS),
        ("DATABASE_URL", "postgresql://h/n?prepare_threshold=0", OPTIONS),
        ("DATABASE_URL", "postgresql://h/n?row_factory=x&sslmode=require", OPTIONS),
        ("RATELIMIT_ENABLED", "perhaps", "Give true or false."),
        ("DOCS_ENABLED", "perhaps", "Give true or false."),
        ("RATELIMIT_STORAGE_URI", "x", "Use memory:// or redis://."),
        ("RATELIMIT_STORAGE_URI", "redis://h:123456", "Use memory:// or redis://."),
        ("RATELIMIT_STORAGE_URI", "memory://x", "Use memory:// or redis://."),
        ("RATELIMIT_DEFAULT", "often", LIMITS),
        ("RATELIMIT_DEFAULT", "1/day;0/hour", LIMITS),
        ("RATELIMIT_PASSWORDS", "often", LIMITS),
        ("RATELIMIT_TAKEN", "often", LIMITS),
        ("RATELIMIT_FAILURES", "often", LIMITS),
        *[
            ("METRICS_ADDRESS", t, PLACE)
            for t in ("x", ":1", "h:", "h:0", "h:65536", "::1:9", "h:x")
        ],
        ("LOG_LEVEL", "loud", "Must be one of: debug, info, warning, error, critical."),
        *[("TRUSTED_HOSTS", text, HOSTS) for text in BAD_HOSTS],
        ("RATELIMIT_STRATEGY", "x", "There is no such setting."),
    ],
)
def test_an_invalid_setting_gets_a_message_with_valid_ones(
    name: str, text: str, words: str
) -> None:
    assert error_message(**{name: text}) == f"{name}: {words}"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("HOST", "x"),
        ("RATELIMIT_DEFAULT", ""),
        ("RATELIMIT_FAILURES", ""),
        ("RATELIMIT_PASSWORDS", "1/day;1/hour"),
        ("RATELIMIT_STORAGE_URI", "rediss://u:p@h:65535/1"),
        ("RATELIMIT_STORAGE_URI", "redis://h/"),
        *[("TRUSTED_HOSTS", text) for text in ("", "a", "a.b , .c.d.", "[::1],10.0.0.1,xn--a")],
        *[("LOG_LEVEL", level) for level in "debug info warning error critical".split()],
        ("DATABASE_URL", "sqlite:////tmp/f"),
        ("DATABASE_URL", "postgresql://h/n?options=-c%20search_path=x&client_encoding=latin1"),
        ("DATABASE_URL", "postgresql://u@/n?host=a:1&host=b:2&target_session_attrs=read-write"),
        ("DATABASE_URL", "postgresql:///?service=signup"),
        *[("METRICS_ADDRESS", text) for text in ("", "localhost:1", "[::1]:65535", "0.0.0.0:9100")],
    ],
)
def test_valid_settings_are_accepted(name: str, text: str) -> None:
    assert error_message(**{name: text}) == ""


@pytest.mark.parametrize("around", [" ", "\t", "\r", "\n", "\r\n", "\u00a0"])
@pytest.mark.parametrize("setting", fields(Settings), ids=lambda setting: setting.name)
def test_white_space_around_a_value_is_not_part_of_it(setting: Any, around: str) -> None:
    """Lines of a settings file with CRLF line ends have a CR at the end."""
    given = {setting.name.upper(): f"{around}{setting.default}{around}"}
    assert Settings.from_environ(given) == Settings()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a%3Fb%23c%20.db", "a?b#c .db"),
        ("a b.db", "a b.db"),
        ("a%2541.db", "a%41.db"),
        ("../x/./é.db", "../x/./é.db"),
    ],
)
def test_a_path_is_percent_encoded_as_in_any_url(text: str, name: str) -> None:
    url = Settings.from_environ({"DATABASE_URL": f"sqlite:///{text}"}).url
    assert url.database == str(Path.cwd() / name)


def test_the_server_may_go_by_each_of_its_names() -> None:
    for kind in "postgres", "postgresql", "postgresql+psycopg":
        assert error_message(DATABASE_URL=f"{kind}://u:p@h:1/n?sslmode=require") == ""
    assert error_message(DATABASE_URL="postgresql+asyncpg://h/n") != ""


def test_all_errors_are_on_one_line() -> None:
    assert error_message(RATELIMIT_X="1", PORT="x", HOST="") == (
        "RATELIMIT_X: There is no such setting.; HOST: Give a value.; "
        "PORT: Give a whole number from 1 to 65535."
    )


def test_every_default_is_in_the_readme() -> None:
    assert Settings() == Settings(
        host="127.0.0.1",
        port=5000,
        web_concurrency=2,
        threads=32,
        database_url="sqlite:///signup.db",
        database_timeout=5,
        hashing_slots=1,
        hashing_timeout=5,
        ratelimit_enabled=True,
        ratelimit_storage_uri="memory://",
        ratelimit_default="",
        ratelimit_passwords="600 per minute",
        ratelimit_taken="600 per minute",
        trusted_proxies=0,
        metrics_address="",
        docs_enabled=True,
        log_level="info",
        trusted_hosts="",
    )
