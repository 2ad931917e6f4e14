"""Settings are read from the environment, and an invalid one is refused by the variable's name."""

from dataclasses import FrozenInstanceError, fields
from pathlib import Path
from typing import Any

import pytest

from api import config
from api.config import Settings, SettingsError

SECRET = "hunter2"


def test_nothing_need_be_set() -> None:
    assert Settings.from_environ({}) == Settings()
    assert Settings.from_environ({"PATH": "/bin", "FLASK_DEBUG": "1"}) == Settings()


def test_the_defaults_suit_the_first_day() -> None:
    settings = Settings()
    assert (settings.host, settings.port, settings.web_concurrency) == ("127.0.0.1", 5000, 2)
    assert settings.url.render_as_string() == f"sqlite:///{Path('signup.db').absolute()}"
    assert settings.ratelimit_enabled and settings.ratelimit_storage_uri == "memory://"
    assert settings.trusted_proxies == 0
    assert settings.log_level == "info"


@pytest.mark.parametrize("setting", [f.name for f in fields(Settings)])
def test_a_default_can_be_given_as_it_stands(setting: str) -> None:
    default = getattr(Settings(), setting)
    assert Settings.from_environ({setting.upper(): str(default)}) == Settings()


def test_settings_can_not_be_changed_once_they_are_read() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings().port = 1  # type: ignore[misc]


GIVEN = [
    ("HOST", "0.0.0.0", "0.0.0.0"),
    ("HOST", "::1", "::1"),
    ("PORT", "8080", 8080),
    ("PORT", "65535", 65535),
    ("WEB_CONCURRENCY", "4", 4),
    ("THREADS", "32", 32),
    ("CONNECTIONS_PER_CLIENT", "100", 100),
    ("DATABASE_URL", "sqlite:////tmp/other.db", "sqlite:////tmp/other.db"),
    ("DATABASE_TIMEOUT", "1", 1),
    ("HASHING_SLOTS", "4", 4),
    ("HASHING_TIMEOUT", "60", 60),
    ("RATELIMIT_ENABLED", "false", False),
    ("RATELIMIT_STORAGE_URI", "redis://localhost:6379/1", "redis://localhost:6379/1"),
    ("RATELIMIT_DEFAULT", "9 per second;99 per hour", "9 per second;99 per hour"),
    ("RATELIMIT_PASSWORDS", "5/minute", "5/minute"),
    ("RATELIMIT_TAKEN", "5/minute", "5/minute"),
    ("RATELIMIT_FAILURES", "5/minute", "5/minute"),
    ("TRUSTED_PROXIES", "2", 2),
    ("METRICS_ADDRESS", "127.0.0.1:9100", "127.0.0.1:9100"),
    ("DOCS_ENABLED", "false", False),
    ("LOG_LEVEL", "debug", "debug"),
    ("TRUSTED_HOSTS", "example.org, .example.org", "example.org, .example.org"),
]


@pytest.mark.parametrize(("name", "text", "value"), GIVEN)
def test_a_setting_is_read_from_the_variable_of_its_name(name: str, text: str, value: Any) -> None:
    expected: dict[str, Any] = {name.lower(): value}
    assert Settings.from_environ({name: text}) == Settings(**expected)


def test_every_setting_has_such_a_variable() -> None:
    assert {name.lower() for name, _, _ in GIVEN} == {f.name for f in fields(Settings)}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("HOST", ""),
        *[("PORT", text) for text in ("", "0", "65536", "-1", "80.5", "http", "5000/tcp")],
        *[("WEB_CONCURRENCY", text) for text in ("0", "two", "1000000")],
        *[("THREADS", text) for text in ("0", "1", "many")],
        *[("DATABASE_TIMEOUT", text) for text in ("0", "1.5", "soon", "3600")],
        *[("HASHING_SLOTS", text) for text in ("0", "65", "1000")],
        *[("HASHING_TIMEOUT", text) for text in ("0", "61", "soon")],
        *[("RATELIMIT_STORAGE_URI", f"redis://{text}") for text in ("", "bad:port", "h:123456")],
        *[("RATELIMIT_ENABLED", text) for text in ("", "flase", "2")],
        *[("RATELIMIT_STORAGE_URI", text) for text in ("", "radis://localhost", "localhost:6379")],
        *[("RATELIMIT_DEFAULT", text) for text in ("often", "10", "10 per fortnight", "-1/day")],
        *[("RATELIMIT_PASSWORDS", text) for text in ("1 per minute or so", "0 per minute")],
        *[("RATELIMIT_FAILURES", text) for text in ("never", "0 per hour")],
        *[("TRUSTED_PROXIES", text) for text in ("-1", "all", "1000")],
        *[("DOCS_ENABLED", text) for text in ("", "nope")],
        *[("LOG_LEVEL", text) for text in ("", "loud", "INF")],
    ],
)
def test_a_misspelt_or_impossible_value_is_refused_by_name(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name}: .*[.]$"):
        Settings.from_environ({name: text})


def test_all_invalid_settings_are_reported_at_once() -> None:
    with pytest.raises(SettingsError, match=r"PORT: .*LOG_LEVEL: ") as refused:
        Settings.from_environ({"PORT": "http", "LOG_LEVEL": "loud", "HOST": "localhost"})
    assert "HOST" not in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["RATELIMIT_STRATEGY", "RATELIMIT_ENABLE", "RATELIMIT_"])
def test_a_setting_of_flask_limiter_that_would_do_nothing_here_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name}: "):
        Settings.from_environ({name: "true"})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "signup.db",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite+aiosqlite:///signup.db",
        "sqlite://user@host/x.db",
        "sqlite:///x.db?foo=bar",
        "sqlite:///%00.db",
        f"mysql://sam:{SECRET}@localhost/sam",
        f"oracle+nothing://sam:{SECRET}@localhost/sam",
        f"postgresql://sam:{SECRET}@localhost:port/sam",
    ],
)
def test_a_database_that_can_not_be_used_is_refused_without_its_password(text: str) -> None:
    with pytest.raises(SettingsError, match=r"^DATABASE_URL: .*[.]$") as refused:
        Settings.from_environ({"DATABASE_URL": text})
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("scheme", ["postgresql+psycopg", "postgresql", "postgres"])
def test_postgresql_goes_by_any_of_its_usual_names(scheme: str) -> None:
    url = Settings.from_environ({"DATABASE_URL": f"{scheme}://sam:{SECRET}@db:5433/sam"}).url
    assert url.render_as_string(hide_password=False) == (
        f"postgresql+psycopg://sam:{SECRET}@db:5433/sam"
    )


def test_the_database_file_stays_the_same_wherever_the_process_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    url = Settings(database_url="sqlite:///here.db").url
    monkeypatch.chdir("/")
    assert url.database == str(tmp_path / "here.db")


@pytest.mark.parametrize(("hashing", "database"), [(5, 5), (1, 1), (60, 5), (5, 60), (60, 60)])
def test_a_stop_waits_for_a_request_that_has_just_begun(hashing: int, database: int) -> None:
    settings = Settings(hashing_timeout=hashing, database_timeout=database)
    longest = config.REQUEST_TIMEOUT + hashing + database
    assert settings.grace_period >= max(config.GRACE_PERIOD, longest)


def test_the_time_limits_stand_in_their_relations() -> None:
    longest = Settings.from_environ({"HASHING_TIMEOUT": "60", "DATABASE_TIMEOUT": "60"})
    # A disconnected or idle client is noticed before a request would be cut off.
    assert config.LINGER_TIMEOUT < config.REQUEST_TIMEOUT < config.GRACE_PERIOD
    assert config.REQUEST_TIMEOUT < config.IDLE_TIMEOUT
    # A stop doesn't wait for clients that don't read their responses.
    assert config.UNREAD_TIMEOUT < config.GRACE_PERIOD
    # A response isn't abandoned while the app may still wait for a hash and the database.
    assert longest.hashing_timeout + longest.database_timeout <= config.RESPONSE_TIMEOUT
    # A worker sends a heartbeat every second, and may miss a few of them.
    assert config.HEARTBEAT_TIMEOUT >= 10
