"""The page that describes each type of problem."""

from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from flask import Flask

from api.contract.problems import ABOUT_BLANK
from api.problem_types import PROBLEM_TYPES
from tests.operations import documented


def declared() -> Iterator[str]:
    """Yield each type that a response of the document may have."""
    for _, _, operation in documented():
        for response in operation["responses"].values():
            for body in response.get("content", {}).values():
                for narrower in body["schema"].get("allOf", []):
                    yield from narrower["properties"]["type"]["enum"]


class Sections(HTMLParser):
    """The texts of a page by the id of the heading that they follow."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: dict[str, list[str]] = {}
        self._id = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._id = dict(attrs).get("id") or self._id

    def handle_data(self, data: str) -> None:
        self.texts.setdefault(self._id, []).append(data.strip())


@pytest.mark.parametrize("docs_enabled", [True, False])
def test_each_type_of_the_document_leads_to_what_it_means_and_what_to_do(
    make_app_at: Callable[..., Flask], sqlite_url: str, docs_enabled: bool
) -> None:
    """Also without the docs, because a type must not lead nowhere."""
    client = make_app_at(sqlite_url, docs_enabled=docs_enabled).test_client()
    uris = set(declared()) - {ABOUT_BLANK}
    assert uris == {kind.uri for kind in PROBLEM_TYPES}
    for kind in PROBLEM_TYPES:
        path, _, fragment = kind.uri.partition("#")
        page = client.get(path)
        assert (page.status_code, page.mimetype) == (200, "text/html")
        sections = Sections()
        sections.feed(page.text)
        said = [text for text in sections.texts[fragment] if text]
        assert said == [kind.title, kind.uri, kind.meaning, kind.advice]


def test_every_problem_of_the_document_declares_its_types() -> None:
    problems: list[Any] = [
        body["schema"]
        for _, _, operation in documented()
        for status, response in operation["responses"].items()
        for body in response.get("content", {}).values()
        if int(status) >= 400
    ]
    assert len(problems) > 30
    assert all(schema["allOf"][0]["properties"]["type"]["enum"] for schema in problems)
