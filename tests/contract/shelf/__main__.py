"""`python -m tests.contract.shelf` writes the shelf's document from its code."""

from pathlib import Path

from api.contract import document, to_yaml
from tests.contract.shelf.app import make_shelf

(Path(__file__).parent / "shelf.yaml").write_text(to_yaml(document(make_shelf())), encoding="utf-8")
