"""flask-smorest: marshmallow schemas in decorators of a blueprint."""

from typing import Any

from flask import Flask
from flask_smorest import Api, Blueprint

from .marshmallow_schemas import Created, NewUserDetails
from .records import add

app = Flask(__name__)
app.config |= {"API_TITLE": "Peer", "API_VERSION": "1", "OPENAPI_VERSION": "3.1.0"}
api = Api(app)
blueprint = Blueprint("user_details", __name__)


@blueprint.route("/userDetails", methods=["POST"])
@blueprint.arguments(NewUserDetails, location="form")
@blueprint.response(201, Created)
def create_user_details(form: dict[str, str]) -> Any:
    """Submit details."""
    record_id = add(**form)
    location = {"Location": f"/userDetails/{record_id}"}
    return {"message": "Success", "id": record_id}, 201, location


api.register_blueprint(blueprint)
