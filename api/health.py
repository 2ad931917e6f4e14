"""How the service is, for its operator alone."""

from flask import Blueprint
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError

from api.contract import JSON, Body, Reply, operation
from api.errors import DATABASE_RETRY, RETRY_AFTER
from api.schemas import Health
from api.store import store

blueprint = Blueprint("health", __name__)

_WELL = Reply(description="It serves.", content={JSON: Body(Health)})
_GONE = Reply(description="The database is gone.", content=_WELL.content, headers=RETRY_AFTER)


@blueprint.get("/livez")
@operation(replies={200: _WELL}, documented=False)
def live() -> ResponseReturnValue:
    """Say that the process serves."""
    return {"status": "ok"}


@blueprint.get("/readyz")
@operation(replies={200: _WELL, 503: _GONE}, documented=False)
def ready() -> ResponseReturnValue:
    """Say whether the database can be asked."""
    try:
        store.ping()
    except SQLAlchemyError:
        return {"status": "unavailable"}, 503, {"Retry-After": str(DATABASE_RETRY)}
    return {"status": "ok"}
