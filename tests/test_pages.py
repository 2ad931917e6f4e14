"""All pages: links lead somewhere, named files exist, tables are correct, and commands are run."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import chain
from pathlib import Path

import pytest

from api import __version__
from api.about import VERSION
from api.config import describe_settings
from api.contract import REFUSALS
from api.contract.proof.proof import Proof
from tests.pages import TESTED, commands, read, sections
from tests.serving import REPOSITORY
from tests.tools.story.__main__ import RUNNERS

PAGES = sorted(
    str(page.relative_to(REPOSITORY))
    for page in chain.from_iterable(
        REPOSITORY.glob(pattern) for pattern in ("*.md", "docs/*.md", "api/contract/README.md")
    )
)
PROJECT = tomllib.loads(read("pyproject.toml"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
PINNED = {line for lines in [PROJECT["dependencies"], *EXTRAS.values()] for line in lines}
CI = read(".ci/run")
API, TESTS = REPOSITORY / "api", REPOSITORY / "tests"
GENERATORS = read("tests/tools/generated/package.json")
TOO_LONG_FOR_CI = {"mutation"}


def table(page: str, heading: str) -> Iterator[list[str]]:
    _, _, rest = read(page).partition(f"| {heading} |")
    for line in rest.splitlines()[2:]:
        if not line.startswith("|"):
            return
        yield [cell.strip() for cell in line.strip("|").split("|")]


def _anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_each_link_leads_to_a_file_and_a_heading(page: str) -> None:
    links = re.findall(r'(?:\]\(|src=")([^):"]+)[)"]', read(page))
    parts = [link.partition("#") for link in links]
    here = REPOSITORY / page
    found = [(here.parent / name if name else here, anchor) for name, _, anchor in parts]
    assert [file for file, _ in found if not file.exists()] == []
    assert [anchor for file, anchor in found if anchor and anchor not in _anchors(file)] == []
    pictures = [file for file, _ in found if file.suffix in (".png", ".svg")]
    assert all(file.stat().st_size < 150_000 for file in pictures)


def test_each_page_is_linked_from_the_readme() -> None:
    linked = set(re.findall(r"\]\(([^):]+[.]md)", read("README.md")))
    assert linked == set(PAGES) - {"README.md"}


@pytest.mark.parametrize("page", PAGES)
def test_each_file_that_a_page_names_exists(page: str) -> None:
    text = read(page)
    modules = set(re.findall(r"python -m (tests[.\w]*\w)", text))
    assert [name for name in sorted(modules) if find_spec(name) is None] == []
    names = set(re.findall(r"(?<![\w/-])(?:api|deploy|docs|tests)/[\w/*.-]*[\w/*]", text))
    names -= {"api/__init__.py"}  # in an example's folder
    assert [name for name in sorted(names) if not list(REPOSITORY.glob(name.rstrip("/")))] == []
    tests = set(re.findall(r"\btest_\w+[.]py", text))
    assert tests <= {
        file.name
        for folder in ("api", "tests")
        for file in (REPOSITORY / folder).rglob("test_*.py")
    }


def _others() -> Iterator[tuple[str, list[str]]]:
    """Yield the page and the words of each command that no test runs unchanged."""
    for page in PAGES:
        for heading in sections(page):
            if heading not in TESTED.get(page, []):
                for text in commands(page, heading):
                    lines = re.sub(r" +#.*", "", text).replace("&&", "\n").splitlines()
                    yield from ((page, shlex.split(line)) for line in lines if line.strip())


OTHERS = list(_others())


def test_the_sections_that_are_run_have_commands() -> None:
    found = {page: [each for each in sections(page) if commands(page, each)] for page in TESTED}
    assert {page: [e for e in found[page] if e in TESTED[page]] for page in TESTED} == TESTED
    assert len(OTHERS) > 20


@pytest.mark.parametrize(
    ("page", "command"), OTHERS, ids=[f"{page}: {' '.join(words)}" for page, words in OTHERS]
)
def test_any_other_command_is_run_by_ci_or_takes_what_is_there(
    page: str, command: list[str], pytestconfig: pytest.Config
) -> None:
    match command:
        case ["python", "-m", module, *arguments] if module.startswith("tests.tools."):
            name = module.removeprefix("tests.tools.")
            assert f"python -m {module}" in CI or name in TOO_LONG_FOR_CI
            place = REPOSITORY / "tests" / "tools" / name
            source = place / "__main__.py" if place.is_dir() else place.with_suffix(".py")
            options = [each for each in arguments if each.startswith("--")]
            text = source.read_text(encoding="utf-8")
            assert [each for each in options if f'"{each}"' not in text] == []
        case ["pip", "install", *packages]:
            for package in packages:
                local = re.fullmatch(r"\.(?:\[([\w,]+)\])?", package)
                assert package in PINNED or (local and {*local[1].split(",")} <= EXTRAS.keys())
        case ["pytest", *arguments]:
            paths = [each for each in arguments if not each.startswith("--")]
            assert all(list(REPOSITORY.glob(path)) for path in paths)
            known = {name for name in vars(pytestconfig.option) if name.startswith("contract_")}
            options = [each.partition("=")[0] for each in arguments if each not in paths]
            assert {each.removeprefix("--").replace("-", "_") for each in options} <= known
        case ["apt-get" | "npm", "install", *packages]:
            assert all(re.search(rf"(^|\s){re.escape(each)}\s", CI) for each in packages)
        case ["schemathesis", "run", url]:  # tests/test_fuzz.py runs it.
            assert url == "http://localhost:5000/openapi.json"
        case ["npx", "--package", *words]:  # `tests.tools.generated` runs these versions.
            pins = [word.rpartition("@") for word in words if "@" in word]
            assert all(f'"{name}": "{version}"' in GENERATORS for name, _, version in pins)
        case ["npx", tool, *_]:
            assert tool in RUNNERS and "python -m tests.tools.story --run" in CI
        case ["python", "-m", "venv", *_] | [".", ".venv/bin/activate"]:
            pass
        case _:
            assert " ".join(command) in CI


def test_the_table_of_settings_has_their_defaults_and_meanings() -> None:
    found = table("docs/settings.md", "variable | default | meaning")
    rows = [[cell.replace("`", "") for cell in row] for row in found]
    written = [(f"{name}={default}", meaning) for name, default, meaning in rows]
    assert written == describe_settings()


def test_the_table_of_failures_names_every_refusal_in_the_order_they_apply(
    proof: Proof,
) -> None:
    written = [int(status) for _, status in table("docs/api.md", "failure | status")]
    assert written == [*REFUSALS, 503]
    declared = {int(s) for o in proof.document.operations() for s in o.responses if s >= "400"}
    assert set(written) - {405} == declared
    description = proof.root["tags"][-1]["description"]
    assert ", ".join(map(str, written[:-1])) in " ".join(description.split())


def test_the_changelog_has_each_released_contract_with_its_date() -> None:
    released = {file.stem for file in (REPOSITORY / "tests" / "contracts").glob("*.yaml")}
    headings = re.findall(r"^## (.*)$", read("CHANGELOG.md"), re.MULTILINE)
    assert headings[0] == "[Unreleased]"
    assert all(re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", each) for each in headings[1:])
    assert released <= set(re.findall(r"contract is (\d+\.\d+\.\d+)", read("CHANGELOG.md")))


def test_the_program_has_a_new_first_number_if_the_contract_has_one() -> None:
    assert int(__version__.split(".")[0]) >= int(VERSION.split(".")[0])
