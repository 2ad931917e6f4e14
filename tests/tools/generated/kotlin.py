"""Kotlin: the client for Java, used by Kotlin's compiler, which npm has."""

from pathlib import Path

from tests.tools.generated import java
from tests.tools.generated.tools import NPM, STORIES, Tools, run

NAME = "openapi-generator, the client for Java, kotlinc -Werror"
LANGUAGE, EXAMPLE = "kotlin", "Example.kt"


def compile_client(tools: Tools, into: Path) -> None:
    """Compile the client, and the story and the example against it."""
    tools.check(NPM)
    java.compile_library(tools, into)
    sources = str(STORIES / "Story.kt"), str(into / EXAMPLE)
    where = "-classpath", java.path(tools, into), "-d", str(into / "classes")
    compiler = str(_jar(tools, "kotlin-compiler"))
    main = "org.jetbrains.kotlin.cli.jvm.K2JVMCompiler"
    command = tools.machines("java", java.PACKAGES), "-classpath", compiler, main
    options = "-Werror", "-no-reflect", "-kotlin-home", str(_jar(tools, "").parent.parent)
    run(*command, *options, *where, *sources)


def run_story(tools: Tools, into: Path, url: str, username: str) -> str:
    """Run the story, and return its output."""
    return java.run_class(tools, _path(tools, into), "story.StoryKt", url, username)


def run_example(tools: Tools, into: Path) -> str:
    """Run the example, and return its output."""
    return java.run_class(tools, _path(tools, into), "ExampleKt")


def _jar(tools: Tools, name: str) -> Path:
    return tools.modules / "kotlin-compiler" / "lib" / f"{name}.jar"


def _path(tools: Tools, into: Path) -> str:
    return f"{java.path(tools, into)}:{_jar(tools, 'kotlin-stdlib')}"
