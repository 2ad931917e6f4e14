"""docs/architecture.md lists exactly the packages, modules and time limits that exist."""

import re

from api import config
from tests.serving import REPOSITORY

PAGE = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")
API = REPOSITORY / "api"


def rows(title: str) -> str:
    """Return the first column of the first table after this line."""
    (_, _, after) = PAGE.partition(f"\n{title}\n")
    table = re.search(r"\n\|.*\n\|[-:| ]+\n((\|.*\n)+)", after)
    assert table
    return "\n".join(line.split("|")[1] for line in table[1].splitlines())


def test_each_package_is_listed() -> None:
    found = (file.parent.relative_to(REPOSITORY) for file in API.rglob("__init__.py"))
    packages = {
        package for package in found if not {"build", "examples"}.intersection(package.parts)
    }
    expected = {f"{package}/" for package in packages if package.name not in ("api", "versions")}
    assert set(re.findall("`(.+?)`", rows("## Packages"))) == expected


def test_each_module_is_listed() -> None:
    expected = {file.stem for file in API.glob("*.py")} - {"__init__"}
    assert set(re.findall("`(.+?)`", rows("The modules beside them:"))) == expected


def test_each_time_limit_is_listed_with_its_value() -> None:
    expected = {name: value for name, value in vars(config).items() if name.endswith("_TIMEOUT")}
    expected |= {
        f"{name.upper()}": value
        for name, value in vars(config.Settings).items()
        if name.endswith("_timeout")
    }
    found = re.findall(r"^\| `([A-Z_]+)` \| ([0-9]+)", PAGE, flags=re.MULTILINE)
    assert {name: int(value) for name, value in found} == expected
    assert f"| `grace_period` | {config.GRACE_PERIOD} or more |" in PAGE
