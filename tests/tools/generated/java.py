"""Java: openapi-generator with the JDK's HTTP client (library `native`), compiled by javac."""

from pathlib import Path

from tests.tools.generated import openapi_generator
from tests.tools.generated.tools import PYPI, STORIES, Missing, Tools, run

NAME = "openapi-generator, library native, javac -Xlint:all -Werror"
LANGUAGE, EXAMPLE = "java", "Example.java"
OPTIONS = {"library": "native", "useJakartaEe": "true", "openApiNullable": "false"}
PACKAGES = "default-jdk-headless libhttpmime-java libjakarta-annotation-api-java"
DEBIANS = Path("/usr/share/java/httpmime.jar"), Path("/usr/share/java/jakarta-annotation-api.jar")
"""Libraries that the client needs and the generator's own jar, which has Jackson, lacks."""

LINT = "-Xlint:all,-path", "-Werror", "-proc:none", "-encoding", "UTF-8"
"""All warnings, except those for Debian's jars, which refer to optional jars."""

OLDER = "-Xlint:all,-path,-deprecation", *LINT[1:]
"""For the generated code, which calls methods that the jar's newer Jackson deprecates."""


def compile_client(tools: Tools, into: Path) -> None:
    """Compile the client, and the story and the example against it."""
    javac = compile_library(tools, into)
    sources = str(STORIES / "Story.java"), str(into / EXAMPLE)
    run(javac, *LINT, "-classpath", path(tools, into), "-d", str(into / "classes"), *sources)


def compile_library(tools: Tools, into: Path) -> str:
    """Compile the client, and return the path of the compiler."""
    tools.check(PYPI)
    javac = tools.machines("javac", PACKAGES)
    if absent := [str(jar) for jar in DEBIANS if not jar.exists()]:
        raise Missing(f"no {', '.join(absent)}: apt-get install {PACKAGES}")
    made = into / "client"
    openapi_generator.generate(tools, "java", made, OPTIONS)
    sources = [str(source) for source in sorted((made / "src/main/java").rglob("*.java"))]
    where = "-classpath", path(tools, into), "-d", str(into / "classes")
    run(javac, *OLDER, *where, *sources)
    return javac


def run_story(tools: Tools, into: Path, url: str, username: str) -> str:
    """Run the story, and return its output."""
    return run_class(tools, path(tools, into), "Story", url, username)


def run_example(tools: Tools, into: Path) -> str:
    """Run the example, and return its output."""
    return run_class(tools, path(tools, into), "Example")


def run_class(tools: Tools, classpath: str, name: str, *given: str) -> str:
    """Run the class, and return its output."""
    java = tools.machines("java", PACKAGES)
    # Before Java 18, the client decodes responses in the machine's default encoding.
    return run(java, "-Dfile.encoding=UTF-8", "-classpath", classpath, name, *given)


def path(tools: Tools, into: Path) -> str:
    """Return the class path of the client."""
    return ":".join(map(str, [into / "classes", openapi_generator.jar(tools), *DEBIANS]))
