"""A small document that is changed in one place, and the table of expected reports."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from api.contract.changes.change import Change
from api.contract.changes.document import document_changes
from api.contract.places import part_at
from api.contract.proof.mutants import replaced

TABLE = Path(__file__).parent / "changes.txt"

POST = ("paths", "/books", "post")
REPLY = (*POST, "responses", "200")
JSON = ("content", "application/json", "schema")
PLACES: dict[str, tuple[str | int, ...]] = {
    "document": (),
    "post": POST,
    "parameter": (*POST, "parameters", 0),
    "query": (*POST, "parameters", 0, "schema"),
    "input": (*POST, "requestBody"),
    "body": (*POST, "requestBody", *JSON),
    "field": (*POST, "requestBody", *JSON, "properties", "title"),
    "reply": REPLY,
    "header": (*REPLY, "headers", "Location"),
    "headed": (*REPLY, "headers", "Location", "schema"),
    "link": (*REPLY, "links", "read"),
    "answer": (*REPLY, *JSON),
    "answered": (*REPLY, *JSON, "properties", "title"),
    "basic": ("components", "securitySchemes", "basic"),
}


def base() -> dict[str, Any]:
    said: dict[str, Any] = {
        "content": {"application/json": {"schema": {"properties": {"title": {}}}}}
    }
    reply = {**said, "headers": {"Location": {"schema": {}}}, "links": {"read": {}}}
    query = {"in": "query", "name": "limit", "schema": {}}
    responses = {"200": reply, "400": {}}
    post = {"parameters": [query], "requestBody": said, "responses": responses}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Books", "version": "1"},
        "paths": {"/books": {"post": post}},
        "components": {"securitySchemes": {"basic": {}}},
    }


def with_members(place: str, members: str) -> Any:
    """Return the small document with these members, in YAML's flow style, in one place.

    The place may be a `closed` schema, or a `required` property.
    """
    kind, _, name = place.rpartition(" ")
    more = {"additionalProperties": False} if kind == "closed" else {}
    document = _with(base(), PLACES[name], yaml.safe_load(f"{{{members}}}") | more)
    if kind == "required":
        document = _with(document, PLACES[name][:-2], {"required": ["title"]})
    return document


def _with(document: Any, place: tuple[str | int, ...], members: dict[str, Any]) -> Any:
    return replaced(document, place, {**part_at(document, place), **members})


def compared(place: str, old: str, new: str) -> list[Change]:
    return document_changes(with_members(place, old), with_members(place, new))


def rows() -> Iterator[tuple[str, ...]]:
    """Yield place, rule, level, old and new of each line of the table."""
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            yield tuple(cell.strip() for cell in line.split("|"))


def breaks(level: str) -> bool:
    """Return oasdiff's level, or ours after it if that differs."""
    return {"ERR": True, "INFO": False, "breaks": True, "keeps": False}[level.rpartition(" ")[2]]
