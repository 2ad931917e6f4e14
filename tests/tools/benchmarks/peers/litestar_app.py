"""Litestar: a form as a msgspec structure, and a view that runs in a thread."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Litestar, Response, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from msgspec import Meta

from .records import LONGEST, NAME, TEXT, add


class NewUserDetails(msgspec.Struct, kw_only=True):
    """The form."""

    username: Annotated[str, Meta(min_length=1, max_length=LONGEST, pattern=NAME)]
    firstname: Annotated[str, Meta(max_length=LONGEST, pattern=TEXT)] | None = None
    lastname: Annotated[str, Meta(min_length=1, max_length=LONGEST, pattern=TEXT)]


class Created(msgspec.Struct):
    """The response."""

    id: UUID
    message: str = "Success"


@post("/userDetails", sync_to_thread=True)
def create_user_details(
    data: Annotated[NewUserDetails, Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> Response[Created]:
    """Submit details."""
    record_id = add(**msgspec.structs.asdict(data))
    return Response(Created(record_id), headers={"Location": f"/userDetails/{record_id}"})


app = Litestar([create_user_details])
