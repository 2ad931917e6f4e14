"""APIFlask: marshmallow schemas in decorators."""

from typing import Any

from apiflask import APIFlask

from .marshmallow_schemas import Created, NewUserDetails
from .records import add

app = APIFlask(__name__)


@app.post("/userDetails")
@app.input(NewUserDetails, location="form")
@app.output(Created, 201)
def create_user_details(form_data: dict[str, str]) -> Any:
    """Submit details."""
    record_id = add(**form_data)
    location = {"Location": f"/userDetails/{record_id}"}
    return {"message": "Success", "id": record_id}, 201, location
