"""Records of user details. Anyone who knows a record's link has access to it."""

from functools import partial
from typing import Any
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from api import errors
from api.contract import JSON, Body, Header, Link, Reply, message, operation
from api.contract.problems import Refused
from api.fields import UUID_PATTERN
from api.problem_types import OTHER_USERNAME
from api.schemas import CreatedUserDetails, NewUserDetails, RecordLink, RetryHeaders, UserDetails
from api.security.browsers import refuse_cross_site
from api.security.credentials import ACCOUNT, ACCOUNT_IF_ANY
from api.security.idempotency import run_once_per_key
from api.security.preconditions import check_preconditions
from api.security.quotas import QUOTAS
from api.storage.keys import Key
from api.storage.store import Record, store

blueprint = Blueprint("user_details", __name__, url_prefix="/userDetails")

_RECORD = UserDetails()
BY_ID = {"id": "$response.body#/id"}
LOCATION = {
    "Location": Header(
        # Before its path may stand a prefix, of up to 64 characters.
        {
            "type": "string",
            "pattern": f"^([/][^/]+)*[/]userDetails/{UUID_PATTERN}$",
            "maxLength": 49 + 64,
        },
        "The link of the new record.",
    )
}
DETAILS = Reply(description="The record.", content={JSON: Body(UserDetails)}, headers=QUOTAS)
TOO_MANY = errors.TOO_MANY.with_headers(QUOTAS)


@blueprint.post("")
@operation(
    form=NewUserDetails,
    headers=RetryHeaders,
    credentials=ACCOUNT_IF_ANY,
    replies={
        201: message(
            "Success",
            "A record was created.",
            schema=CreatedUserDetails,
            headers=LOCATION | QUOTAS,
            links={
                "read": Link("getUserDetails", BY_ID, "Get the new record."),
                "delete": Link("deleteUserDetails", BY_ID, "Delete the new record."),
            },
        ),
        400: errors.BAD_FORM,
        401: errors.UNAUTHORIZED,
        403: errors.FORBIDDEN,
        406: errors.NOT_ACCEPTABLE,
        409: errors.KEY_CONFLICT,
        412: errors.PRECONDITION_FAILED,
        413: errors.TOO_LARGE,
        415: errors.UNSUPPORTED,
        429: TOO_MANY,
        503: errors.WRITE_UNAVAILABLE,
    },
)
def create_user_details(
    form: dict[str, Any], headers: dict[str, str], account: Record | None
) -> ResponseReturnValue:
    """Submit details.

    Each accepted form creates a new record. With an account's credentials, the record also belongs
    to that account, and the form's username must be the account's.
    """
    refuse_cross_site()
    if account and form["username"].lower() != account.username_key:
        raise Refused(403, OTHER_USERNAME)
    check_preconditions()

    def add(key: Key | None) -> UUID:
        # Browsers send an empty text for each input that the user left empty.
        details = {name: text or None for name, text in form.items()}
        return store.add_details(**details, account_id=account and account.id, key=key)

    record_id = run_once_per_key(headers, form, add, account)
    location = f"{request.script_root}{request.path}/{record_id}"
    return {"message": "Success", "id": str(record_id)}, 201, {"Location": location}


def _find_newest_details(account: Record) -> Record:
    return store.newest_details(account.id)


@blueprint.get("")
@operation(
    credentials=ACCOUNT,
    find=_find_newest_details,
    replies={
        200: DETAILS,
        401: errors.UNAUTHORIZED,
        404: errors.NO_DETAILS,
        406: errors.NOT_ACCEPTABLE,
        429: TOO_MANY,
        503: errors.UNAVAILABLE,
    },
)
def get_my_user_details(found: Record) -> ResponseReturnValue:
    """Get my latest details.

    The newest record that was created with the account's credentials. Without one the response is
    404.
    """
    return _RECORD.dump(found), 200


def _find_details(id: UUID) -> Record:
    return store.find_details(id)


@blueprint.get("/<uuid:id>")
@operation(
    path=RecordLink,
    find=_find_details,
    replies={
        200: DETAILS,
        404: errors.NOT_FOUND,
        406: errors.NOT_ACCEPTABLE,
        429: TOO_MANY,
        503: errors.UNAVAILABLE,
    },
)
def get_user_details(found: Record) -> ResponseReturnValue:
    """Get a record.

    Anyone who knows the link can read the record.
    """
    return _RECORD.dump(found), 200


@blueprint.delete("/<uuid:id>")
@operation(
    path=RecordLink,
    replies={
        204: Reply(description="The record was deleted.", headers=QUOTAS),
        404: errors.NOT_FOUND,
        412: errors.PRECONDITION_FAILED,
        429: TOO_MANY,
        503: errors.WRITE_UNAVAILABLE,
    },
)
def delete_user_details(id: UUID) -> ResponseReturnValue:
    """Delete a record.

    Anyone who knows the link can delete the record. A deleted record can't be restored.
    """
    check_preconditions(partial(_find_details, id))
    store.delete_details(id)
    return "", 204
