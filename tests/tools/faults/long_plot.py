"""The workers' resources during a long run, as an SVG for light and dark backgrounds."""

from operator import attrgetter

from tests.tools.benchmarks.plot import STYLE, steps, stroke, words
from tests.tools.faults.samples import Samples

WIDTH, HEIGHT, LEFT, TOP, DOWN = 700, 130, 60, 70, 190
PANELS = {
    "memory": "memory of each worker, MiB (resident set size)",
    "descriptors": "file descriptors of each worker",
    "connections": "connections from clients to each worker",
}
CSS = ("service", "bare", "either")


def draw(samples: Samples) -> str:
    """Return the SVG. The oldest worker is drawn first, and killed ones in grey."""
    taken = sorted(samples.of.values(), key=len, reverse=True)
    longest = max(sample.at for of_one in taken for sample in of_one)
    parts = [words(LEFT, 28, "What the workers hold in a long run with faults", "title")]
    for row, (name, title) in enumerate(PANELS.items()):
        y, value = TOP + row * DOWN, attrgetter(name)
        heights = steps(max(value(sample) for of_one in taken for sample in of_one))
        parts.append(words(LEFT, y - 12, title))
        for height in heights:
            at = y + HEIGHT * (1 - height / heights[-1])
            parts.append(stroke(LEFT, at, LEFT + WIDTH, at, "grid"))
            parts.append(words(LEFT - 8, at + 4, f"{height:,g}", "small end"))
        for minute in steps(longest / 60):
            if minute * 60 <= longest:
                at = LEFT + WIDTH * minute * 60 / longest
                parts.append(words(at, y + HEIGHT + 18, f"{minute:g}", "small middle"))
        for number, of_one in enumerate(taken):
            points = [(s.at / longest, 1 - value(s) / heights[-1]) for s in of_one]
            places = [f"{LEFT + WIDTH * x:.1f} {y + HEIGHT * down:.1f}" for x, down in points]
            css = CSS[min(number, len(CSS) - 1)]
            parts.append(f'<path d="M{"L".join(places)}" class="line {css}"/>')
    parts.append(words(LEFT + WIDTH / 2, TOP + 3 * DOWN - 14, "minutes", "small middle"))
    width, height = LEFT + WIDTH + 20, TOP + 3 * DOWN
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"'
    paper = f'<rect width="{width}" height="{height}" class="paper"/>'
    title = "<title>Memory, file descriptors and connections of each worker by time</title>"
    return "\n".join([f"{head}>", title, f"<style>{STYLE}</style>", paper, *parts, "</svg>", ""])
