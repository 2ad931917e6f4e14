"""/livez and /readyz."""

from collections.abc import Callable
from typing import NoReturn

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from api.schemas import Health


def test_the_service_is_healthy_while_its_database_works(
    make_app_at: Callable[..., Flask], sqlite_url: str
) -> None:
    client = make_app_at(sqlite_url).test_client()
    for path in "/livez", "/readyz":
        well = client.get(path)
        assert (well.status_code, well.get_json()) == (200, {"status": "ok"})
        assert "Retry-After" not in well.headers


def test_the_service_is_unavailable_while_the_database_is_gone(
    make_app_at: Callable[..., Flask], sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app_at(sqlite_url)

    def fail() -> NoReturn:
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    monkeypatch.setattr(app.extensions["store"], "ping", fail)
    gone = app.test_client().get("/readyz")
    assert (gone.status_code, gone.get_json()) == (503, {"status": "unavailable"})
    assert gone.headers["Retry-After"] == "5"
    assert app.test_client().get("/livez").status_code == 200


def test_there_is_no_other_status() -> None:
    schema = Health()
    assert not schema.validate({"status": "ok"}) and not schema.validate({"status": "unavailable"})
    assert schema.validate({}) and schema.validate({"status": "fine"}) and schema.validate({"x": 1})
