"""Documents with their references resolved."""

from contextlib import suppress
from functools import cache
from typing import Any

from ..narrowing import merged
from ..places import found_at, pointer
from ..readings import as_in_3_1


def resolve_references(document: Any) -> dict[str, Any]:
    """Return the document with each reference replaced by its target.

    Circular references and references to other files stay. A document of OpenAPI 3.0 is returned as
    one of 3.1. Raises `ValueError` for other documents, and for a reference without a target.
    """
    version = str(document.get("openapi")) if isinstance(document, dict) else ""
    if not version.startswith(("3.0.", "3.1.")):
        raise ValueError("it is not an OpenAPI document, which begins with openapi: 3.1.0 or 3.0.0")

    def resolved(node: Any, within: tuple[str, ...] = ()) -> Any:
        if isinstance(node, list):
            return [resolved(item, within) for item in node]
        if not isinstance(node, dict):
            return node
        # YAML may have a number as a status.
        own = {str(name): resolved(value, within) for name, value in node.items()}
        own = as_in_3_1(own) if version.startswith("3.0.") else own
        reference = own.get("$ref")
        if not isinstance(reference, str) or reference in within or reference[:2] != "#/":
            return own
        del own["$ref"]
        target = target_of(reference, within)
        if isinstance(target, dict):
            with suppress(ValueError):
                return merged(target, own)
        return {**own, "allOf": [*own.get("allOf", []), target]}

    @cache
    def target_of(reference: str, within: tuple[str, ...]) -> Any:
        target = found_at(document, pointer(reference))
        if target is None:
            raise ValueError(f"it refers to {reference}, which doesn't exist")
        return resolved(target, (*within, reference))

    return dict(resolved(document))
