"""`api/contract/` as a package of its own, which is installed under the name `openapi_proof`."""

import subprocess
import sys

from api import contract

WITHOUT_FLASK = """
import pkgutil, sys
from importlib import import_module
# With None in place of a module, importing it fails.
sys.modules.update(dict.fromkeys(["apispec", "flask", "greenery", "marshmallow"]))
proof = import_module("api.contract.proof")
for module in pkgutil.walk_packages(proof.__path__, "api.contract.proof."):
    import_module(module.name)
"""


def test_each_name_of_the_package_is_found_in_a_module() -> None:
    found = {name: getattr(contract, name) for name in contract.__all__}
    assert {value.__name__ for value in found.values() if callable(value)} <= found.keys()
    assert not hasattr(contract, "proven")


def test_the_recorder_needs_no_flask_marshmallow_apispec_or_greenery() -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", WITHOUT_FLASK], check=True)
