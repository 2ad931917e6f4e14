"""Changes of keywords that hold no schema."""

from collections.abc import Iterator

from .change import Change, Effect, Location, Node, difference, old_to_new, text

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
OPPOSITE = {NARROWS: WIDENS, WIDENS: NARROWS, NOTHING: NOTHING}

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
COMPARED = {*BOUNDS, *VALUES, "type", "format", "enum"}


def keyword_changes(location: Location, old: Node, new: Node) -> Iterator[Change]:
    """Yield each change of a keyword that holds no schema."""
    for changes in _bounds, _values, _types, _format, _enum:
        yield from changes(location, old, new)


def _bounds(location: Location, old: Node, new: Node) -> Iterator[Change]:
    for keyword, (name, raised) in BOUNDS.items():
        match difference(old, new, keyword):
            case None:
                continue
            case "changed" if new[keyword] > old[keyword]:
                effect, verb = raised, "increased"
            case "changed":
                effect, verb = OPPOSITE[raised], "decreased"
            case "added":
                effect, verb = NARROWS, "set"
            case "removed":
                effect, verb = WIDENS, "unset"
        yield location.subject_change(effect, f"{name}-{verb}", old_to_new(old, new, keyword))


def _values(location: Location, old: Node, new: Node) -> Iterator[Change]:
    for keyword, (name, added) in VALUES.items():
        if how := difference(old, new, keyword):
            changed = NOTHING if added is NOTHING else DIFFERS
            effect = {"added": added, "removed": OPPOSITE[added], "changed": changed}[how]
            verb = _VERBS.get(how, how) if keyword in ("multipleOf", "uniqueItems") else how
            yield location.subject_change(effect, f"{name}-{verb}", old_to_new(old, new, keyword))


def _types(location: Location, old: Node, new: Node) -> Iterator[Change]:
    was, now = _kinds(old), _kinds(new)
    less, more = was - now, now - was
    detail = old_to_new(old, new, "type")
    if less and more:
        yield location.subject_change(DIFFERS, "type-changed", detail)
    elif less | more == {"null"}:
        rule = "became-nullable" if more else "became-not-nullable"
        yield location.subject_change(WIDENS if more else NARROWS, rule, detail)
    elif less or more:
        effect = WIDENS if more else NARROWS
        if isinstance(old.get("type"), list) or isinstance(new.get("type"), list):
            yield location.subject_change(
                effect, f"list-of-types-{'widened' if more else 'narrowed'}", detail
            )
        else:
            yield location.subject_change(effect, _type_rule(location, effect), detail)


def _kinds(schema: Node) -> set[str]:
    kinds = schema.get("type", _TYPES)
    kinds = {kinds} if isinstance(kinds, str) else set(kinds)
    return kinds | {"integer"} if "number" in kinds else kinds


def _format(location: Location, old: Node, new: Node) -> Iterator[Change]:
    """Yield a change of the format by the rules of types."""
    if how := difference(old, new, "format"):
        effect = {"added": NARROWS, "removed": WIDENS, "changed": DIFFERS}[how]
        yield location.subject_change(
            effect, _type_rule(location, effect), f"format {old_to_new(old, new, 'format')}"
        )


def _type_rule(location: Location, effect: Effect) -> str:
    narrowed = "type-specialized" if location.side == "response" else "type-changed"
    return {WIDENS: "type-generalized", NARROWS: narrowed}.get(effect, "type-changed")


def _enum(location: Location, old: Node, new: Node) -> Iterator[Change]:
    match difference(old, new, "enum"):
        case "added":
            yield location.subject_change(NARROWS, "became-enum", old_to_new(old, new, "enum"))
        case "removed":
            rule = "became-not-enum" if location.side == "request" else "enum-removed"
            yield location.subject_change(WIDENS, rule, old_to_new(old, new, "enum"))
        case "changed":
            was, now = ([text(value) for value in schema["enum"]] for schema in (old, new))
            for value in [value for value in was if value not in now]:
                yield location.subject_change(NARROWS, "enum-value-removed", value)
            for value in [value for value in now if value not in was]:
                yield location.subject_change(WIDENS, "enum-value-added", value)
