"""The image of the Dockerfile is built, serves and stops, and compose.yaml has valid settings."""

import json
import os
import re
import shlex
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
import yaml

from api.config import Settings
from tests.image import arguments, running
from tests.pages import commands
from tests.postgresql import program
from tests.serving import REPOSITORY, free_port

COMPOSE: dict[str, Any] = yaml.safe_load((REPOSITORY / "compose.yaml").read_text("utf-8"))
SERVICE = COMPOSE["services"]["api"]


@pytest.mark.long
def test_the_image_serves_without_privileges_and_stops_as_process_1(tmp_path: Path) -> None:
    with running(tmp_path, PORT=str(free_port())) as container:
        port = container.settings["PORT"]
        line = f"http://0.0.0.0:{port}, docs at http://0.0.0.0:{port}/docs, data in /data/signup.db"
        assert container.startup_line == f"Serving {line}\n"

        url, form = f"http://127.0.0.1:{port}", {"username": "sam"}
        assert requests.post(f"{url}/userSignUp", form, timeout=60).status_code == 200
        (command,) = [json.loads(each.partition("CMD ")[2]) for each in arguments("HEALTHCHECK")]
        assert container.execute(command).returncode == 0

        shell = "echo $(id -u):$(id -g) $PWD; touch /data/here /tmp/here; touch /here"
        said = container.execute(["sh", "-c", shell])
        assert said.stdout == f"{arguments('USER')[0]} /data\n"
        assert said.stderr == "touch: cannot touch '/here': Read-only file system\n"

        backup = shlex.split(commands("docs/deploying.md", "Docker")[1].splitlines()[0])
        assert backup[:3] == ["docker", "exec", "sign-up-api"]
        assert container.execute(backup[3:]).returncode == 0
        assert (container.volume / "signup.backup").exists()
        refused = container.execute(["sign-up-api", "restore", "/data/signup.backup"])
        assert (refused.returncode, "/data/signup.db is in use: stop" in refused.stderr) == (
            1,
            True,
        )

        # Process 1 adopts a process whose parent has ended, and must collect its exit status.
        orphan = container.execute(["sh", "-c", "sleep 600 >/dev/null 2>&1 &"])
        assert orphan.returncode == 0
        (adopted,) = [each for each in container.first.children() if each.name() == "sleep"]
        adopted.kill()
        assert psutil.wait_procs([adopted], timeout=60)[0] == [adopted]

        database = container.volume / "signup.db"
        moved = database.rename(container.volume / "moved.db")
        assert container.execute(command).returncode == 1
        moved.rename(database)
        assert container.stop() == 0
        assert [file.name for file in container.volume.glob("signup.db*")] == ["signup.db"]
        assert database.stat().st_mode & 0o777 == 0o600
        with closing(sqlite3.connect(database)) as opened:
            assert opened.execute("SELECT username FROM accounts").fetchall() == [("sam",)]

        # In /opt the service, in /etc and /var what useradd and ldconfig write.
        added = {file.split("/")[1] for file in container.added_files()}
        assert added <= {"opt", "etc", "var"}


def test_the_images_python_and_its_files_are_those_that_are_tested() -> None:
    version = ".".join(map(str, sys.version_info[:2]))
    images = [argument.split()[0] for argument in arguments("FROM")]
    assert len(set(images)) == 1
    copied = {
        word
        for argument in arguments("COPY")
        for word in shlex.split(argument)[:-1]
        if not argument.startswith("--from")
    }
    ignored = (REPOSITORY / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert ignored[1] == "*" and {line[1:] for line in ignored if line[0] == "!"} == copied
    if not images[0].startswith(f"python:{version}-slim-"):
        otherwise = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        otherwise(f"The image has another Python than this one, {version}.")


def test_compose_gives_the_service_valid_settings() -> None:
    """Each variable is a setting, and a default in compose.yaml is that of the service."""
    defaults = {field.name.upper(): str(field.default) for field in fields(Settings)}
    given = dict(SERVICE["environment"])
    assert "${POSTGRES_PASSWORD:?" in given.pop("PGPASSWORD")  # libpq reads this one.
    assert given.keys() <= defaults.keys()
    for name, value in given.items():
        variable = re.fullmatch(r"\$\{(\w+):-(.*)\}", value)
        if variable:
            assert (variable[1], variable[2]) == (name, defaults[name])
            given[name] = variable[2]
    settings = Settings.from_environ(given)
    assert {settings.url.host, "redis"} <= COMPOSE["services"].keys()
    assert settings.ratelimit_storage_uri.startswith("redis://redis:")
    postgres = COMPOSE["services"]["postgres"]["environment"]
    assert (settings.url.username, settings.url.database) == (
        postgres["POSTGRES_USER"],
        postgres["POSTGRES_DB"],
    )
    assert "${POSTGRES_PASSWORD:?" in postgres["POSTGRES_PASSWORD"]
    assert int(SERVICE["stop_grace_period"].rstrip("s")) > settings.grace_period
    assert SERVICE["ports"] == [f"127.0.0.1:{settings.port}:{settings.port}"]
    assert SERVICE["read_only"] and SERVICE["tmpfs"] == ["/tmp"]


def test_compose_has_the_postgresql_that_is_tested() -> None:
    version = subprocess.check_output([program("postgres"), "--version"], text=True)
    image = COMPOSE["services"]["postgres"]["image"]
    assert image == f"postgres:{version.split()[-1]}-bookworm"
