"""The page that describes each type of problem."""

from functools import cache
from importlib.resources import files

from flask import Blueprint
from flask.typing import ResponseReturnValue
from jinja2 import Template

from api.contract import HTML, Body, Reply, operation
from api.problem_types import PROBLEM_TYPES, PROBLEMS_PATH

blueprint = Blueprint("problems", __name__)


_PAGE = Reply(description="The page.", content={HTML: Body({})})


@cache
def _page() -> str:
    source = (files("api") / "pages" / "problems.html").read_text(encoding="utf-8")
    page: str = Template(source, autoescape=True, trim_blocks=True).render(types=PROBLEM_TYPES)
    return page


@blueprint.get(PROBLEMS_PATH)
@operation(replies={200: _PAGE}, documented=False)
def show_problems() -> ResponseReturnValue:
    """Describe each type of problem. Responses refer to this page, so it is always served."""
    return _page()
