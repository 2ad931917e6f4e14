"""Throughput and latency by connections, as an SVG for light and dark backgrounds."""

import math
import statistics
from collections.abc import Callable, Iterator
from html import escape

from tests.tools.benchmarks.bench import Bench, Key
from tests.tools.benchmarks.load import Load

NUMBERS = (1, 4, 16, 64, 256, 1000)
"""Numbers of connections."""
WIDTH, HEIGHT, LEFT, TOP, ACROSS, DOWN = 340, 200, 70, 112, 420, 262
SIZE = 2 * ACROSS + 20, TOP + 2 * DOWN - 8
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.title { font-size: 17px; font-weight: 600 }
.paper { fill: #fff } .small { font-size: 12px; fill: #59636e } .end { text-anchor: end }
.middle { text-anchor: middle } .grid { stroke: #d1d9e0; stroke-width: 1 }
.line { fill: none; stroke-width: 2.2; stroke-linejoin: round } .p99 { stroke-dasharray: 6 4 }
.either { stroke: #59636e } .service { stroke: #0969da } .bare { stroke: #bc4c00 }
.dot { fill: #fff; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc } .paper, .dot { fill: #0d1117 } .small { fill: #9198a1 }
.grid { stroke: #3d444d } .either { stroke: #9198a1 }
.service { stroke: #58a6ff } .bare { stroke: #f0883e } }
"""


def words(x: float, y: float, said: str, css: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{css}">{escape(said)}</text>'


def stroke(x: float, y: float, to_x: float, to_y: float, css: str) -> str:
    return f'<path d="M{x:.1f} {y:.1f}L{to_x:.1f} {to_y:.1f}" class="{css}"/>'


def _across(number: float) -> float:
    return WIDTH * math.log(number / NUMBERS[0]) / math.log(NUMBERS[-1] / NUMBERS[0])


class _Panel:
    """Axes, and lines within them; `heights` are labelled, from bottom to top."""

    def __init__(self, x: int, y: int, heights: list[float], *, logarithmic: bool) -> None:
        self.x, self.y = x, y
        self.scale: Callable[[float], float] = math.log if logarithmic else float
        self.low, self.high = self.scale(heights[0]), self.scale(heights[-1])
        self.parts = []
        for height in heights:
            at = self._at(height)
            self.parts.append(stroke(x, at, x + WIDTH, at, "grid"))
            self.parts.append(words(x - 8, at + 4, f"{height:,g}", "small end"))
        for number in NUMBERS:
            at = x + _across(number)
            self.parts.append(stroke(at, y + HEIGHT, at, y + HEIGHT + 4, "grid"))
            self.parts.append(words(at, y + HEIGHT + 18, f"{number:,}", "small middle"))

    def _at(self, height: float) -> float:
        share = (self.scale(height) - self.low) / (self.high - self.low)
        return self.y + HEIGHT * (1 - min(1, max(0, share)))

    def line(self, points: dict[int, float], css: str) -> None:
        places = [(self.x + _across(n), self._at(height)) for n, height in points.items()]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        self.parts.append(f'<path d="M{path}" class="line {css}"/>')
        self.parts += [
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" class="dot {css.split(maxsplit=1)[0]}"/>'
            for x, y in places
        ]


def steps(most: float) -> list[float]:
    """Return about five round numbers, from zero to beyond the maximum."""
    step = 10 ** math.floor(math.log10(most / 4))
    step *= next(n for n in (1, 2, 5, 10) if most / (n * step) <= 5)
    return [step * n for n in range(math.ceil(most / step) + 1)]


def _legend() -> Iterator[str]:
    entries = (("service", "this service, on SQLite"), ("bare", "the bare Flask app"))
    for n, (css, said) in enumerate(entries):
        yield stroke(LEFT + 200 * n, 66, LEFT + 200 * n + 28, 66, f"line {css}")
        yield words(LEFT + 200 * n + 36, 70, said)
    for x, css, said in ((470, "", "rate, median latency"), (650, "p99", "99th percentile")):
        yield stroke(x, 66, x + 28, 66, f"line either {css}")
        yield words(x + 36, 70, said)


def draw(bench: Bench) -> str:
    """Return the SVG."""

    def median(server: str, kept: bool, what: Callable[[Load], float]) -> dict[int, float]:
        keys = {n: Key(f"crowded {server}", "details", kept, n) for n in NUMBERS}
        return {n: statistics.median(map(what, bench.loads[key])) for n, key in keys.items()}

    every = [load for key, loads in bench.loads.items() if "crowded" in key[0] for load in loads]
    rates = steps(max(load.rate for load in every))
    decades = range(-1, math.ceil(math.log10(max(load.p99 for load in every))) + 1)
    parts = [
        words(LEFT, 28, "POST /userDetails by number of connections", "title"),
        words(LEFT, 47, "the service acknowledges a record when it is on disk", "small"),
        *_legend(),
    ]
    for column, kept in enumerate((True, False)):
        x = LEFT + column * ACROSS
        upper = _Panel(x, TOP, rates, logarithmic=False)
        lower = _Panel(x, TOP + DOWN, [10.0**n for n in decades], logarithmic=True)
        for server in ("bare", "service"):
            upper.line(median(server, kept, lambda load: load.rate), server)
            lower.line(median(server, kept, lambda load: load.p50), server)
            lower.line(median(server, kept, lambda load: load.p99), f"{server} p99")
        how = "kept connections" if kept else "a connection for each request"
        parts += [
            *upper.parts,
            *lower.parts,
            words(x, TOP - 12, f"requests/s, {how}"),
            words(x, TOP + DOWN - 12, f"latency in ms, {how}"),
            words(x + WIDTH / 2, TOP + DOWN + HEIGHT + 38, "connections", "small middle"),
        ]
    width, height = SIZE
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"'
    paper = f'<rect width="{width}" height="{height}" class="paper"/>'
    title = "<title>Throughput and latency by number of connections</title>"
    return "\n".join([f"{head}>", title, f"<style>{STYLE}</style>", paper, *parts, "</svg>", ""])
