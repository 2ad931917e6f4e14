"""openapi-generator: it makes the clients for Java, for Go, and for TypeScript with fetch."""

from collections.abc import Mapping
from pathlib import Path

from tests.tools.generated.tools import DOCUMENT, PYPI, Tools, run

JDK = "default-jdk-headless"


def generate(tools: Tools, generator: str, into: Path, options: Mapping[str, str]) -> None:
    """Generate the client in `into`. Raises `Missing` or `Failed`."""
    tools.check(PYPI)
    properties = ",".join(f"{name}={value}" for name, value in options.items())
    run(
        *(tools.machines("java", JDK), "-jar", str(jar(tools)), "generate"),
        *("--generator-name", generator, "--input-spec", str(DOCUMENT), "--output", str(into)),
        *("--additional-properties", properties),
    )


def jar(tools: Tools) -> Path:
    """Return the path of the generator's jar, which is in a package of PyPI."""
    (found,) = tools.folder.glob("lib/python3*/site-packages/openapi_generator_cli/*.jar")
    return found
