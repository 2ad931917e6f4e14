"""FastAPI: a form as a Pydantic model, and a view that runs in a thread."""

from typing import Annotated
from uuid import UUID

from fastapi import FastAPI, Form, Response
from pydantic import BaseModel, Field

from .records import LONGEST, NAME, TEXT, add


class NewUserDetails(BaseModel):
    """The form."""

    username: Annotated[str, Field(min_length=1, max_length=LONGEST, pattern=NAME)]
    firstname: Annotated[str | None, Field(max_length=LONGEST, pattern=TEXT)] = None
    lastname: Annotated[str, Field(min_length=1, max_length=LONGEST, pattern=TEXT)]


class Created(BaseModel):
    """The response."""

    message: str = "Success"
    id: UUID


app = FastAPI()


@app.post("/userDetails", status_code=201)
def create_user_details(form: Annotated[NewUserDetails, Form()], response: Response) -> Created:
    """Submit details."""
    record_id = add(**form.model_dump())
    response.headers["Location"] = f"/userDetails/{record_id}"
    return Created(id=record_id)
