"""The classes of characters that a field accepts or refuses, and the values that prove them."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from .pattern_text import name_of, sample
from .schemas import Schema
from .values import fits

_MOST = 50
"""So often optional parts are repeated, for an example that is long enough."""


@dataclass(frozen=True)
class Run:
    """A range of characters that a pattern treats alike."""

    first: int
    last: int

    def __str__(self) -> str:
        return "-".join(dict.fromkeys(map(name_of, (self.first, self.last))))

    def boundaries(self, schema: Schema, example: str) -> Iterator[str]:
        """Yield that such a character is allowed or refused, or both, depending on its place."""
        mine, plain = chr(self.first), example[:1]
        allowed = any(
            fits(schema, f"{example[:i]}{mine}{example[i + 1 :]}") for i in range(len(example))
        )
        alone = fits(schema, plain * len(example)) and not fits(schema, mine * len(example))
        if allowed:
            yield f"{self} allowed"
        if alone or not allowed:
            yield f"{self} refused"

    def proven(self, schema: Schema, example: str, value: str, accepted: bool) -> Iterator[str]:
        """Yield the boundaries that a valid, accepted value or an invalid, refused one proves."""
        mine = {c for c in value if self.first <= ord(c) <= self.last}
        if mine and accepted:
            yield f"{self} allowed"
        mine -= set(example)  # It may be valid in its position, such as a hyphen.
        if not mine or accepted:
            return
        plain = ("".join(c if o in mine else o for o in value) for c in dict.fromkeys(example))
        if any(fits(schema, text) for text in plain):  # Refused for these characters alone.
            yield f"{self} refused"


def example_of(schema: Schema) -> str | None:
    """Return a text that fits the schema: an example, or a sample of its pattern."""
    texts = [*schema.get("examples", []), schema.get("example")]
    with suppress(ValueError):
        texts += [sample(schema["pattern"], n) for n in (1, min(schema.get("minLength", 0), _MOST))]
    return next((t for t in texts if isinstance(t, str) and fits(schema, t)), None)
