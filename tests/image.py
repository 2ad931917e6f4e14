"""The image that the Dockerfile describes, built and run without Docker.

Linux's own parts of a container are used: an overlay of this machine's files stands for the base
image, with the tests' Python in /usr/local, and each instruction runs in it as it is written. The
container has a process namespace of its own, in which the service is process 1, and a read-only
root, on which only /tmp and the volume can be written.
"""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.serving import REPOSITORY

ISOLATED = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
_BASE_PATH = "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"


def instructions() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions and their arguments."""
    text = re.sub(r"(?m)^#.*\n", "", (REPOSITORY / "Dockerfile").read_text(encoding="utf-8"))
    lines = text.replace("\\\n", " ").splitlines()
    found = [line.partition(" ") for line in lines if line.strip()]
    return [(name, " ".join(argument.split())) for name, _, argument in found]


def arguments(name: str) -> list[str]:
    return [argument for each, argument in instructions() if each == name]


def skip_without_namespaces() -> None:
    """Skip the test if this user can't make namespaces and mounts. In CI, fail."""
    attempt = [*ISOLATED, "mount", "-t", "tmpfs", "none", "/mnt"]
    found = shutil.which("unshare")
    if not found or subprocess.run(attempt, check=False, capture_output=True).returncode:
        otherwise = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        otherwise("This needs Linux, root and namespaces (in a container: --privileged).")


_BEGIN = f"""
set -eu
stage() {{
    mkdir -p $1/upper $1/work $1/root
    mount -t overlay overlay -o lowerdir=/,upperdir=$1/upper,workdir=$1/work $1/root
    mount --rbind /dev $1/root/dev
    mount -t proc proc $1/root/proc
    mount -t tmpfs tmpfs $1/root/tmp
    mount --bind {sys.base_prefix} $1/root/usr/local
    chroot $1/root ldconfig
    root=$PWD/$1/root
}}
run() {{
    chroot $root /bin/sh -ec "cd $directory; export PATH=$path; $1" >&2
}}
mount -t tmpfs tmpfs stages
"""


def _script(settings: dict[str, str]) -> str:
    """Return a shell script that builds the image, and then becomes its command."""
    script, stages, user, environment = [_BEGIN], 0, "0:0", dict(settings)
    for name, argument in instructions():
        words = shlex.split(argument) if name in ("COPY", "ENV", "FROM") else []
        if name == "FROM":
            stage = words[2] if len(words) > 1 else "image"
            script += [f"stage stages/{stage}", "directory=/", f"path={_BASE_PATH}"]
            stages += 1
        elif name == "WORKDIR":
            script.append(f"directory={argument}; mkdir -p $root$directory")
        elif name == "COPY" and words[0].startswith("--from="):
            source = f"stages/{words[0].removeprefix('--from=')}/root{words[1]}"
            script.append(f"mkdir -p $root{words[2]}; cp -a {source}/. $root{words[2]}/")
        elif name == "COPY":
            sources = " ".join(shlex.quote(str(REPOSITORY / word)) for word in words[:-1])
            script.append(f"cp -r {sources} $root$directory/{words[-1]}")
        elif name == "RUN":
            script.append(f"run {shlex.quote(argument)}")
        elif name == "ENV":
            for word in words:
                key, _, value = word.partition("=")
                if key == "PATH":
                    script.append(f"path={value.replace('$PATH', '$path')}")
                else:
                    environment.setdefault(key, value)
        elif name == "USER":
            user = argument
        elif name not in ("VOLUME", "EXPOSE", "HEALTHCHECK", "CMD"):
            pytest.fail(f"tests/image.py doesn't know {name}.")
    (volume,), (command,) = arguments("VOLUME"), arguments("CMD")
    given = shlex.join(f"{key}={value}" for key, value in environment.items())
    return "\n".join(
        [
            *script,
            f"chown --reference $root{volume} volume; chmod --reference $root{volume} volume",
            "(cd stages/image/upper && find . ! -type d) > added",
            "mount -o remount,ro,bind $root",
            f"mount --bind volume $root{volume}",
            f"exec chroot --userspec={user} $root /usr/bin/env -i PATH=$path {given} "
            f"""/bin/sh -c 'cd "$0" && exec "$@"' $directory {shlex.join(json.loads(command))}""",
        ]
    )


class Container:
    """The running image."""

    def __init__(
        self, process: subprocess.Popen[str], folder: Path, settings: dict[str, str]
    ) -> None:
        self._process, self._folder, self.settings = process, folder, settings
        self.volume, self.log = folder / "container" / "volume", folder / "log"
        assert process.stdout
        self.startup_line = process.stdout.readline()
        assert self.startup_line, self.log.read_text()
        (self.first,) = psutil.Process(process.pid).children()

    def added_files(self) -> list[str]:
        """Return the files by which the image differs from its base."""
        return (self._folder / "container" / "added").read_text(encoding="utf-8").splitlines()

    def execute(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run a command in the container as its user, like `docker exec`."""
        uid, gid = self.first.uids().real, self.first.gids().real
        enter = ["nsenter", f"--target={self.first.pid}", "--mount", "--pid", "--root", "--wd"]
        return subprocess.run(
            [*enter, f"--setuid={uid}", f"--setgid={gid}", "--", *command],
            env=self.first.environ(),
            check=False,
            capture_output=True,
            text=True,
        )

    def stop(self) -> int:
        """Send SIGTERM to process 1, like `docker stop`, and return its exit status."""
        self.first.send_signal(signal.SIGTERM)
        return self._process.wait(timeout=60)


@contextmanager
def running(folder: Path, **settings: str) -> Iterator[Container]:
    """Build the image and run it with these settings."""
    skip_without_namespaces()
    for name in "stages", "volume":
        (folder / "container" / name).mkdir(parents=True)
    kept = {k: v for k, v in os.environ.items() if k.startswith("PIP_")} | {"PIP_COMPILE": "0"}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [*ISOLATED, "sh", "-c", _script(settings)],
            cwd=folder / "container",
            env={"PATH": _BASE_PATH, "HOME": os.environ.get("HOME", "/")} | kept,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    try:
        yield Container(process, folder, settings)
    finally:
        process.kill()
        process.wait()
        assert process.stdout
        process.stdout.close()
