"""Health checks for the operator."""

from flask import Blueprint
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError

from api.contract import JSON, Body, Reply, operation
from api.errors import DATABASE_RETRY, RETRY_AFTER
from api.schemas import Health
from api.storage.store import store

blueprint = Blueprint("health", __name__)

_OK = Reply(description="The service works.", content={JSON: Body(Health)})
_UNAVAILABLE = Reply(
    description="The database is unavailable.", content=_OK.content, headers=RETRY_AFTER
)


@blueprint.get("/livez")
@operation(replies={200: _OK}, documented=False)
def live() -> ResponseReturnValue:
    """Report that the process handles requests."""
    return {"status": "ok"}


@blueprint.get("/readyz")
@operation(replies={200: _OK, 503: _UNAVAILABLE}, documented=False)
def ready() -> ResponseReturnValue:
    """Report whether the database can be reached."""
    try:
        store.ping()
    except SQLAlchemyError:
        return {"status": "unavailable"}, 503, {"Retry-After": str(DATABASE_RETRY)}
    return {"status": "ok"}
