"""Java: openapi-generator with the JDK's own HTTP client (library `native`), judged by javac."""

from pathlib import Path

from tests.tools.generated.tools import DOCUMENT, PYPI, STORIES, Missing, Tools, run

NAME = "openapi-generator, library native, javac -Xlint:all -Werror"
OPTIONS = {
    "library": "native",
    "useJakartaEe": "true",
    "openApiNullable": "false",
    "hideGenerationTimestamp": "true",
}
PACKAGES = "default-jdk-headless libhttpmime-java libjakarta-annotation-api-java"
DEBIANS = Path("/usr/share/java/httpmime.jar"), Path("/usr/share/java/jakarta-annotation-api.jar")
"""What the client needs and the generator's own jar, which has Jackson, lacks."""

LINT = "-Xlint:all,-path", "-Werror", "-proc:none", "-encoding", "UTF-8"
"""All warnings but of Debian's jars, which name others that needn't be there."""

OLDER = "-Xlint:all,-path,-deprecation", *LINT[1:]
"""For what is generated: it calls what the jar's newer Jackson deprecates."""


def compile_client(tools: Tools, into: Path) -> None:
    """The client, and the story against it."""
    tools.check(PYPI)
    javac = tools.machines("javac", PACKAGES)
    if absent := [str(jar) for jar in DEBIANS if not jar.exists()]:
        raise Missing(f"no {', '.join(absent)}: apt-get install {PACKAGES}")
    options = ",".join(f"{name}={value}" for name, value in OPTIONS.items())
    made = into / "client"
    jar = str(_jar(tools))
    run(
        *(tools.machines("java", PACKAGES), "-jar", jar, "generate", "--generator-name", "java"),
        *("--input-spec", str(DOCUMENT), "--output", str(made)),
        *("--additional-properties", options),
    )
    sources = [str(source) for source in sorted((made / "src/main/java").rglob("*.java"))]
    where = "-classpath", _path(tools, into), "-d", str(into / "classes")
    run(javac, *OLDER, *where, *sources)
    run(javac, *LINT, *where, str(STORIES / "Story.java"))


def run_story(tools: Tools, into: Path, url: str, username: str) -> str:
    """What the story saw."""
    java = tools.machines("java", PACKAGES)
    # Before Java 18 the client reads answers in the machine's encoding, if it isn't told.
    return run(
        java, "-Dfile.encoding=UTF-8", "-classpath", _path(tools, into), "Story", url, username
    )


def _jar(tools: Tools) -> Path:
    """The generator, as PyPI's package carries it."""
    (jar,) = tools.folder.glob("lib/python3*/site-packages/openapi_generator_cli/*.jar")
    return jar


def _path(tools: Tools, into: Path) -> str:
    return ":".join(map(str, [into / "classes", _jar(tools), *DEBIANS]))
