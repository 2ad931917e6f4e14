"""The document's patterns: all engines agree on them, and match them in linear time."""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema_rs import Draft202012Validator, FancyRegexOptions, RegexOptions

from api.contract.proof.pattern_text import alphabet, sample
from tests.serving import REPOSITORY
from tests.test_fields import BLANKS, CONTROLS, SPACES

DOCUMENT = yaml.safe_load((REPOSITORY / "openapi.yaml").read_text(encoding="utf-8"))
LONGEST = 16 * 1024
"""The length of the longest text in a request: a whole form."""

SLOWEST = 200
"""The maximum ratio to a linear pattern's time. A quadratic pattern's ratio is in the thousands."""

QUADRATIC = r"^[^\x00]*[^\x00 ][^\x00]*$"


def patterns_in(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("pattern"), str):
            yield node["pattern"]
        for member in node.values():
            yield from patterns_in(member)
    elif isinstance(node, list):
        for member in node:
            yield from patterns_in(member)


PATTERNS = list(dict.fromkeys(patterns_in(DOCUMENT)))


# A subset of JSON Schema 2020-12, Core, section 6.4, and `\x` for ASCII control characters.
_ITEM = r"(\\x[0-7][0-9a-f]|[^\\\[\]\^\n\r\x85\u2028\u2029])"
_SPELLING = re.compile(
    rf"""\^(?!/)                           # Specmatic doesn't load a pattern that starts with ^/.
    ( ( [^\\.\^$*+?()\[\]{{}}|\n\r\x85\u2028\u2029]  # An ECMA literal can't hold the last two.
      | \[\^?(?:(?!&&|--|~~|\|\|){_ITEM})+\]  # Doubled, these are operators in Java and Rust.
      | \)
      )
      ([*+?]|\{{\d+(,\d+)?\}})?
    | \((?!\?) | \|
    )*\$""",
    re.VERBOSE,
)


def test_the_walk_finds_the_patterns_of_fields_headers_and_paths() -> None:
    schemas, headers = DOCUMENT["components"]["schemas"], DOCUMENT["components"]["headers"]
    link = DOCUMENT["paths"]["/userDetails/{id}"]["get"]["parameters"][0]
    of_each = [schemas["NewUserDetails"]["properties"]["lastname"], link["schema"]]
    assert {node["pattern"] for node in [*of_each, headers["Location"]["schema"]]} < {*PATTERNS}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_uses_only_what_the_common_engines_share(pattern: str) -> None:
    assert _SPELLING.fullmatch(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        *(r"^[\x7f-\x9f]$", r"^[\u1680]$", r"^[\s]$", r"^\d$", r"^[^\0]$", "^[\u2028]$", "^[[a]]$"),
        *("^/a$", "a$", "^a", "^a.$", "^a*?$", "^a++$", "^(?=a)$", "^(?:a)$", "^[a&&b]$"),
    ],
)
def test_other_spellings_are_noticed(pattern: str) -> None:
    assert not _SPELLING.fullmatch(pattern)


def texts_near(pattern: str) -> list[str]:
    """Return texts that match the pattern or nearly do, with each kind of character in it."""
    whole, kinds = sample(pattern), alphabet(pattern)
    near = [whole[:i] + kind + whole[i:] for kind in kinds for i in {0, 1, len(whole)}]
    return list(dict.fromkeys(["", whole, whole[1:], whole[:-1], *kinds, *near]))


TEXTS = [texts_near(pattern) for pattern in PATTERNS]
EXPECTED = [
    [bool(re.fullmatch(p, t)) for t in texts] for p, texts in zip(PATTERNS, TEXTS, strict=True)
]
Matches = list[list[bool]]
ONE_LINE = [[i for i, text in enumerate(texts) if not {*text} & {*"\n\r\0"}] for texts in TEXTS]
"""Ruby's `$` also matches before a line feed, PCRE2's before a final one; pcre2grep reads lines."""


def run(package: str, command: list[str], given: str) -> str:
    """Run an engine. If it isn't installed, skip the test; in CI, fail."""
    if not shutil.which(command[0]):
        otherwise = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        otherwise(f"No {command[0]} here: apt-get install {package}")
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    assert done.returncode <= 1 and not done.stderr, done.stderr
    return done.stdout


def by_rust(options: Any) -> Matches:
    judges = [Draft202012Validator({"pattern": p}, pattern_options=options) for p in PATTERNS]
    return [[judge.is_valid(t) for t in texts] for judge, texts in zip(judges, TEXTS, strict=True)]


NODE = """
const {patterns, texts, flags} = JSON.parse(require('fs').readFileSync(0));
const literal = (p, f) => eval('/' + p.replaceAll('/', '\\\\/') + '/' + f);
console.log(JSON.stringify(flags.map((flag) => patterns.flatMap((p) =>
  [new RegExp(p, flag), literal(p, flag)]).map((r, i) => texts[i >> 1].map((t) => r.test(t))))));
"""


def test_ecma_reads_the_patterns_as_python_does() -> None:
    given = json.dumps({"patterns": PATTERNS, "texts": TEXTS, "flags": ["", "u"]})
    for read in json.loads(run("nodejs", ["node", "-e", NODE], given)):
        assert read == [matches for matches in EXPECTED for _ in ("RegExp", "literal")]


@pytest.mark.parametrize("options", [RegexOptions, FancyRegexOptions])
def test_rust_reads_the_patterns_as_python_does(options: Callable[[], Any]) -> None:
    assert by_rust(options()) == EXPECTED


UNICODE = """
const seen = [];
for (let c = 0; c < 0x10000; c++) {
  if (/^[\\p{White_Space}\\p{Default_Ignorable_Code_Point}]$/u.test(String.fromCharCode(c)))
    seen.push(c);
}
console.log(JSON.stringify(seen));
"""


def test_the_invisible_characters_are_those_of_unicode() -> None:
    """Computed with ECMAScript's Unicode properties, because Python's tables lack them."""
    found = {chr(code) for code in json.loads(run("nodejs", ["node", "-e", UNICODE], ""))}
    assert found - {*CONTROLS} == {*SPACES, *BLANKS} - {*"\u2800\u2027"}


RUBY = """
require 'json'
patterns, texts = JSON.parse(STDIN.set_encoding('UTF-8').read)
puts JSON.dump(patterns.zip(texts).map { |p, ts| r = eval("/#{p.gsub('/', '\\/')}/")
  ts.map { |t| r.match?(t) } })
"""


def test_ruby_reads_the_patterns_as_python_does() -> None:
    texts = [[TEXTS[i][j] for j in lines] for i, lines in enumerate(ONE_LINE)]
    read = json.loads(run("ruby", ["ruby", "-W0", "-e", RUBY], json.dumps([PATTERNS, texts])))
    assert read == [[EXPECTED[i][j] for j in lines] for i, lines in enumerate(ONE_LINE)]


@pytest.mark.parametrize("number", range(len(PATTERNS)))
def test_pcre2_reads_the_patterns_as_python_does(number: int, tmp_path: Path) -> None:
    lines = [TEXTS[number][j] for j in ONE_LINE[number]]
    text = "".join(f"{line}\n" for line in lines)
    command = ["pcre2grep", "--utf", "--newline=lf", "--line-number", "--regexp", PATTERNS[number]]
    said = run("pcre2-utils", command, text)
    found = {int(line.partition(":")[0]) - 1 for line in said.split("\n") if line}
    assert found == {i for i, j in enumerate(ONE_LINE[number]) if EXPECTED[number][j]}


class Worst:
    """Texts that make an engine backtrack: a start, many repetitions, and a wrong end."""

    def __init__(self, pattern: str, length: int = LONGEST) -> None:
        self.pattern, self.length = pattern, length
        whole, kinds = sample(pattern), alphabet(pattern)
        starts = {"", whole[:1], whole[: len(whole) // 2], whole[:-1]}
        pairs = [one + other for one, other in pairwise(kinds)]
        self.parts = [*product(sorted(starts), [*kinds, *pairs], kinds)]

    def texts(self) -> Iterator[str]:
        for start, many, end in self.parts:
            yield start + many * (self.length // len(many)) + end


def ratio(worst: Worst) -> float:
    """Return the slowest text's time in Python, relative to a linear pattern's."""
    return max(_ratio(worst.pattern, text) for text in worst.texts())


LINEAR = "^[^\x01]*\x01$"
"""A pattern that runs to the end of a text, and backtracks all the way."""


def _ratio(pattern: str, text: str) -> float:
    """Return the ratio of the best of several runs, because other processes use the core."""
    linear = min(_spent(LINEAR, text) for _ in range(5))
    best = float("inf")
    for _ in range(5):
        best = min(best, _spent(pattern, text) / max(linear, 10_000))
        if best <= SLOWEST:
            break
    return best


def _spent(pattern: str, text: str) -> int:
    """Return the CPU time of a match in nanoseconds."""
    compiled = re.compile(pattern)
    start = time.process_time_ns()
    compiled.fullmatch(text)
    return time.process_time_ns() - start


WORST_IN_NODE = """
const {cases, linear, slowest} = JSON.parse(require('fs').readFileSync(0));
const spent = (r, text) => {
  for (let i = 0; i < 3; i++) r.test('warm');
  const start = process.hrtime.bigint(); r.test(text);
  return Number(process.hrtime.bigint() - start);
};
console.log(JSON.stringify(cases.map(({pattern, length, parts}) => ['', 'u'].map((flag) =>
  Math.max(...parts.map(([start, many, end]) => {
    const text = start + many.repeat(length / many.length) + end;
    let best = Infinity, base = Infinity;
    for (let i = 0; i < 5; i++) base = Math.min(base, spent(new RegExp(linear, flag), text));
    for (let i = 0; i < 5 && best > slowest; i++)
      best = Math.min(best, spent(new RegExp(pattern, flag), text) / Math.max(base, 10_000));
    return best;
  }))))));
"""


def ratios_in_node(cases: list[Worst]) -> list[list[float]]:
    given = {
        "cases": [{"pattern": c.pattern, "length": c.length, "parts": c.parts} for c in cases],
        "linear": LINEAR,
        "slowest": SLOWEST,
    }
    said: list[list[float]] = json.loads(
        run("nodejs", ["node", "-e", WORST_IN_NODE], json.dumps(given))
    )
    return said


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_is_linear_in_python(pattern: str) -> None:
    assert ratio(Worst(pattern)) <= SLOWEST


@pytest.mark.long
def test_all_patterns_are_linear_in_ecma() -> None:
    slow = {
        pattern: times
        for pattern, times in zip(PATTERNS, ratios_in_node([*map(Worst, PATTERNS)]), strict=True)
        if max(times) > SLOWEST
    }
    assert not slow


def test_a_quadratic_pattern_is_noticed() -> None:
    worst = Worst(QUADRATIC, 4096)
    worst.parts = [("", "a", "\x00")]
    assert ratio(worst) > SLOWEST


def test_a_quadratic_pattern_is_noticed_in_ecma() -> None:
    worst = Worst(QUADRATIC, 4096)
    worst.parts = [("", "a", "\x00")]
    assert min(ratios_in_node([worst])[0]) > SLOWEST
