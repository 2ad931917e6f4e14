"""The classes of characters that a field accepts or refuses, and the values that prove them."""

from collections.abc import Iterator
from dataclasses import dataclass

from .document import fits
from .schemas import Schema


@dataclass(frozen=True)
class Run:
    """A range of characters that a pattern treats alike."""

    first: int
    last: int

    def __str__(self) -> str:
        ends = [repr(chr(c)) if 0x20 < c < 0x7F else f"U+{c:04X}" for c in (self.first, self.last)]
        return "-".join(dict.fromkeys(ends))

    def boundaries(self, schema: Schema) -> Iterator[str]:
        """Yield that such a character is allowed or refused, or both, depending on its place."""
        example: str = schema["examples"][0]
        mine, plain = chr(self.first), example[0]
        allowed = any(
            fits(schema, f"{example[:i]}{mine}{example[i + 1 :]}") for i in range(len(example))
        )
        alone = fits(schema, plain * len(example)) and not fits(schema, mine * len(example))
        if allowed:
            yield f"{self} allowed"
        if alone or not allowed:
            yield f"{self} refused"

    def proven(self, schema: Schema, value: str, accepted: bool) -> Iterator[str]:
        """Yield the boundaries that a valid, accepted value or an invalid, refused one proves."""
        mine = {c for c in value if self.first <= ord(c) <= self.last}
        if mine and accepted:
            yield f"{self} allowed"
        example: str = schema["examples"][0]
        mine -= set(example)  # It may be valid in its position, such as a hyphen.
        if not mine or accepted:
            return
        plain = ("".join(c if o in mine else o for o in value) for c in dict.fromkeys(example))
        if any(fits(schema, text) for text in plain):  # Refused for these characters alone.
            yield f"{self} refused"
