"""docs/api.md: each command prints what the page says."""

import re
from pathlib import Path

import pytest

from tests.pages import TESTED, commands, outputs, runner
from tests.serving import Server
from tests.test_readme import UUID

PAGE = "docs/api.md"


# "Rate limits" first, because "Sign in" checks passwords too.
@pytest.mark.parametrize("heading", TESTED[PAGE][::-1])
def test_the_commands_of_a_section(heading: str, server: Server, tmp_path: Path) -> None:
    (text,), (written,) = commands(PAGE, heading), outputs(PAGE, heading)
    run = runner(tmp_path)
    said = run(text.replace("http://localhost:5000", server.url)).replace("\r\n", "\n")
    assert _comparable(said) == _comparable(written.rstrip("\n"))
    if heading == "Retries":
        assert len(set(re.findall(f'"id": "({UUID})"', said))) == 1


def _comparable(text: str) -> str:
    """Return the text without what differs between runs: ids, times, and seconds that remain."""
    text = re.sub(r'(?<="createdAt":")[^"]+', "TIME", re.sub(UUID, "ID", text))
    return re.sub(r";t=\d+", ";t=60", text).rstrip("\n")
