"""Mutations of references to schemas."""

from collections.abc import Iterator

from .changes import Change, Direction, Place
from .document import Document, Node, close, covers, pointer, references
from .schemas import changes, schemas_within


def content_changes(
    document: Node, kind: Node, place: Place, *, texts: bool = False, closed: bool = False
) -> Iterator[Change]:
    schema = kind.get("schema", {})
    others = other_references(document, schema, closed=closed)
    for change in (*changes(schema, texts=texts, closed=closed), *others):
        yield change.within((*place, "schema"))


def other_references(
    document: Node, schema: Node, of: str = "", *, closed: bool = False
) -> Iterator[Change]:
    """Yield a mutation for each other schema that a reference could name.

    A reference to the schema of a text is replaced by another text, because texts in forms can't be
    read as the objects that other schemas describe.

    A schema that refers to the component `of` is left out, because that would be recursive.
    """
    if "$ref" in schema:
        _, _, own = pointer(schema["$ref"])
        whole = Document(document)
        if "properties" not in whole.resolve(schema):
            yield Change(("$ref",), (), {"const": "another"}, "another", "different")
            return
        for name in document["components"]["schemas"]:
            other = {"$ref": f"#/components/schemas/{name}"}
            if name != own and f"#/components/schemas/{of}" not in references(document, other):
                both = whole.resolve([other, schema])
                wider = covers(*(map(close, both) if closed else both))
                direction: Direction = "looser" if wider else "different"
                yield Change(("$ref",), (), other, f"{name} for {own}", direction)
        return
    for place, within in schemas_within(schema):
        for change in other_references(document, within, of, closed=closed):
            yield change.within(place)
