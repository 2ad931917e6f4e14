"""docs/deploying.md: its commands fit the Dockerfile, compose.yaml, the unit and the settings.

Docker and systemd don't run here. tests/test_image.py runs the image, and `python -m
tests.tools.behind_proxies` the proxies.
"""

import re
import shlex
from pathlib import Path

import pytest
import yaml

from api.config import Settings
from tests.image import arguments
from tests.pages import TESTED, commands, read, runner, sections
from tests.serving import REPOSITORY

PAGE = "docs/deploying.md"
UNIT = (REPOSITORY / "deploy" / "sign-up-api.service").read_text(encoding="utf-8")


def unit(name: str) -> str:
    (value,) = re.findall(rf"^{name}=(.+)$", UNIT, re.MULTILINE)
    return str(value)


def test_each_section_with_commands_has_a_test() -> None:
    found = {heading for heading in sections(PAGE) if commands(PAGE, heading)}
    assert found == set(TESTED[PAGE])


def test_the_commands_for_systemd_put_everything_where_the_unit_expects_it(tmp_path: Path) -> None:
    first, second = commands(PAGE, "systemd")
    install, copy, enable = first.splitlines()
    assert install in arguments("RUN")  # Which tests/test_image.py runs.
    (_, source, folder), name = shlex.split(copy), "sign-up-api"
    assert (REPOSITORY / source).name == f"{name}.service" and (REPOSITORY / source).exists()
    assert folder == "/etc/systemd/system/" and enable == f"systemctl enable --now {name}"
    programs, data = f"/opt/{name}/bin/", f"/var/lib/{unit('StateDirectory')}"
    assert unit("ExecStart").startswith(programs) and f"python3 -m venv /opt/{name} " in install
    assert (unit("WorkingDirectory"), unit("EnvironmentFile")) == (data, f"-/etc/{name}.env")
    assert data in second and programs in second
    run = runner(tmp_path)
    run("sign-up-api database upgrade")
    assert run(second.replace(data, str(tmp_path)).replace(programs, "")) == ""


def test_the_commands_for_docker_are_those_of_the_image() -> None:
    first, second, third = commands(PAGE, "Docker")
    build, start = map(shlex.split, first.splitlines())
    assert build == ["docker", "build", "--tag", start[-1], "."]
    text, settings = " ".join(start), Settings()
    assert arguments("EXPOSE") == [str(settings.port)]
    for each in (
        f" --publish 127.0.0.1:{settings.port}:{settings.port} ",
        f" --volume signup:{arguments('VOLUME')[0]} ",
        " --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges ",
        " --name sign-up-api ",
    ):
        assert each in text
    (seconds,) = re.findall(r"--stop-timeout (\d+)", text)
    assert int(seconds) > settings.grace_period
    made, copied = map(shlex.split, second.splitlines())
    assert copied == ["docker", "cp", f"sign-up-api:{made[-1]}", "."]
    stop, restore, again = map(shlex.split, third.splitlines())
    assert (stop, again) == (["docker", "stop", "sign-up-api"], ["docker", "start", "sign-up-api"])
    mounted = ["--volumes-from", "sign-up-api", "--volume", "$PWD:/backup:ro", start[-1]]
    command = ["sign-up-api", "restore", "/backup/signup.backup"]
    assert restore == ["docker", "run", "--rm", "--user", "0", *mounted, *command]


def test_the_commands_for_compose_make_a_password(tmp_path: Path) -> None:
    (text,) = commands(PAGE, "Compose")
    password, up = text.splitlines()
    runner(tmp_path)(password)
    assert re.fullmatch(r"POSTGRES_PASSWORD=[0-9a-f]{48}\n", (tmp_path / ".env").read_text())
    assert up == "docker compose up --detach --build --wait"


@pytest.mark.parametrize("name", ["TRUSTED_HOSTS", "TRUSTED_PROXIES", "WEB_CONCURRENCY"])
def test_compose_passes_the_settings_on_that_the_page_names(name: str) -> None:
    composed = yaml.safe_load((REPOSITORY / "compose.yaml").read_text(encoding="utf-8"))
    assert f"`{name}`" in read(PAGE)
    assert composed["services"]["api"]["environment"][name].startswith(f"${{{name}:-")
