"""Changes of keywords that hold no schema."""

from collections.abc import Iterator

from .change import Change, Effect, Node, Spot, shown, step, text

NARROWS, WIDENS, DIFFERS, _, NOTHING = Effect

# Each keyword's name in rules, and the effect of a greater value.
BOUNDS = {
    "maximum": ("max", WIDENS),
    "exclusiveMaximum": ("exclusive-max", WIDENS),
    "maxLength": ("max-length", WIDENS),
    "maxItems": ("max-items", WIDENS),
    "maxProperties": ("max-properties", WIDENS),
    "minimum": ("min", NARROWS),
    "exclusiveMinimum": ("exclusive-min", NARROWS),
    "minLength": ("min-length", NARROWS),
    "minItems": ("min-items", NARROWS),
    "minProperties": ("min-properties", NARROWS),
}
TURNED = {NARROWS: WIDENS, WIDENS: NARROWS, NOTHING: NOTHING}

# Each keyword's name in rules, and the effect of adding it. Two values aren't compared.
VALUES = {
    "const": ("const", NARROWS),
    "pattern": ("pattern", NARROWS),
    "multipleOf": ("multiple-of", NARROWS),
    "uniqueItems": ("unique-items", NARROWS),
    "default": ("default-value", NOTHING),
    "readOnly": ("read-only", NOTHING),  # property.py has the rules for properties.
    "writeOnly": ("write-only", NOTHING),
}
_VERBS = {"added": "set", "removed": "unset"}
_TYPES = {"array", "boolean", "integer", "null", "number", "object", "string"}
KNOWN = {*BOUNDS, *VALUES, "type", "format", "enum"}


def keyword_changes(spot: Spot, old: Node, new: Node) -> Iterator[Change]:
    """Yield each change of a keyword that holds no schema."""
    for changes in _bounds, _values, _types, _format, _enum:
        yield from changes(spot, old, new)


def _bounds(spot: Spot, old: Node, new: Node) -> Iterator[Change]:
    for keyword, (name, raised) in BOUNDS.items():
        match step(old, new, keyword):
            case None:
                continue
            case "changed" if new[keyword] > old[keyword]:
                effect, verb = raised, "increased"
            case "changed":
                effect, verb = TURNED[raised], "decreased"
            case "added":
                effect, verb = NARROWS, "set"
            case "removed":
                effect, verb = WIDENS, "unset"
        yield spot.own(effect, f"{name}-{verb}", shown(old, new, keyword))


def _values(spot: Spot, old: Node, new: Node) -> Iterator[Change]:
    for keyword, (name, added) in VALUES.items():
        if how := step(old, new, keyword):
            changed = NOTHING if added is NOTHING else DIFFERS
            effect = {"added": added, "removed": TURNED[added], "changed": changed}[how]
            verb = _VERBS.get(how, how) if keyword in ("multipleOf", "uniqueItems") else how
            yield spot.own(effect, f"{name}-{verb}", shown(old, new, keyword))


def _types(spot: Spot, old: Node, new: Node) -> Iterator[Change]:
    was, now = _kinds(old), _kinds(new)
    less, more = was - now, now - was
    detail = shown(old, new, "type")
    if less and more:
        yield spot.own(DIFFERS, "type-changed", detail)
    elif less | more == {"null"}:
        rule = "became-nullable" if more else "became-not-nullable"
        yield spot.own(WIDENS if more else NARROWS, rule, detail)
    elif less or more:
        effect = WIDENS if more else NARROWS
        if isinstance(old.get("type"), list) or isinstance(new.get("type"), list):
            yield spot.own(effect, f"list-of-types-{'widened' if more else 'narrowed'}", detail)
        else:
            yield spot.own(effect, _graded(spot, effect), detail)


def _kinds(schema: Node) -> set[str]:
    kinds = schema.get("type", _TYPES)
    kinds = {kinds} if isinstance(kinds, str) else set(kinds)
    return kinds | {"integer"} if "number" in kinds else kinds


def _format(spot: Spot, old: Node, new: Node) -> Iterator[Change]:
    """Yield a change of the format by the rules of types."""
    if how := step(old, new, "format"):
        effect = {"added": NARROWS, "removed": WIDENS, "changed": DIFFERS}[how]
        yield spot.own(effect, _graded(spot, effect), f"format {shown(old, new, 'format')}")


def _graded(spot: Spot, effect: Effect) -> str:
    narrowed = "type-specialized" if spot.side == "response" else "type-changed"
    return {WIDENS: "type-generalized", NARROWS: narrowed}.get(effect, "type-changed")


def _enum(spot: Spot, old: Node, new: Node) -> Iterator[Change]:
    match step(old, new, "enum"):
        case "added":
            yield spot.own(NARROWS, "became-enum", shown(old, new, "enum"))
        case "removed":
            rule = "became-not-enum" if spot.side == "request" else "enum-removed"
            yield spot.own(WIDENS, rule, shown(old, new, "enum"))
        case "changed":
            was, now = ([text(value) for value in schema["enum"]] for schema in (old, new))
            for value in [value for value in was if value not in now]:
                yield spot.own(NARROWS, "enum-value-removed", value)
            for value in [value for value in now if value not in was]:
                yield spot.own(WIDENS, "enum-value-added", value)
