"""Shared by both TypeScript clients: tsc with more than strict settings, and Node.js."""

import shutil
from pathlib import Path

from tests.tools.generated.tools import STORIES, Tools, run

TELL = """
const [module, ...given] = process.argv.slice(1);
const { story } = await import(module);
console.log((await story(...given)).join("\\n"));
"""
SHARED = "sure.ts", "tsconfig.json"


def compile_client(tools: Tools, into: Path, story: str, *but: str) -> None:
    """Compile the story and its imports with tsconfig.json, except the options in `but`."""
    for name in (*SHARED, f"{story}.ts"):
        shutil.copy(STORIES / name, into)
    (into / "package.json").write_text('{"type": "module"}')
    (into / "node_modules").symlink_to(tools.modules)
    run(node(tools), str(tools.modules / "typescript/bin/tsc"), "--project", str(into), *but)


def run_story(tools: Tools, into: Path, story: str, url: str, username: str) -> str:
    """Run the story, and return its output."""
    built = str(into / "built" / f"{story}.js")
    return run(node(tools), "--input-type=module", "--eval", TELL, built, url, username)


def node(tools: Tools) -> str:
    return tools.machines("node", "nodejs")
