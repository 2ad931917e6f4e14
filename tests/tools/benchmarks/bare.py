"""The bare app: the cost of a Flask view that validates and stores nothing."""

from flask import Flask, request
from flask.typing import ResponseReturnValue

app = Flask(__name__)


@app.post("/userDetails")
def user_details() -> ResponseReturnValue:
    request.form.get("username"), request.form.get("firstname"), request.form.get("lastname")
    return "Success", 201


@app.post("/userSignUp")
def sign_up() -> ResponseReturnValue:
    request.form.get("username"), request.form.get("firstname")
    return "Success", 200, {"Access-Control-Allow-Origin": "*"}
