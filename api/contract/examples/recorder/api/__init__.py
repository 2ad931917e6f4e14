"""Parcels that wait for their receivers: a Flask app that knows nothing of its document."""

from flask import Flask, Response, abort, jsonify, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

STATES = ("waiting", "delivered")


def create_app() -> Flask:
    """Return the app, without parcels."""
    app = Flask(__name__)
    parcels: dict[int, dict[str, object]] = {}

    @app.errorhandler(HTTPException)
    def show_error(error: HTTPException) -> ResponseReturnValue:
        return jsonify(error=error.description), error.code or 500

    @app.get("/parcels")
    def list_parcels() -> ResponseReturnValue:
        state = request.args.get("state")
        if state not in (None, *STATES):
            abort(400, f"Give one of these states: {', '.join(STATES)}.")
        return jsonify([p for p in parcels.values() if state in (None, p["state"])])

    @app.post("/parcels")
    def add_parcel() -> ResponseReturnValue:
        given = request.get_json()
        grams, note = given.get("grams"), given.get("note")
        if type(grams) is not int or not 1 <= grams <= 30_000:
            abort(400, "Give the weight in grams, from 1 to 30000.")
        if note is not None and not (isinstance(note, str) and len(note) <= 100):
            abort(400, "Write a note of at most 100 characters.")
        new = max(parcels, default=0) + 1
        parcels[new] = {"id": new, "grams": grams, "note": note, "state": "waiting"}
        return jsonify(parcels[new]), 201, {"Location": url_for("get_parcel", id=new)}

    @app.get("/parcels/<int:id>")
    def get_parcel(id: int) -> ResponseReturnValue:
        return jsonify(parcels[id] if id in parcels else abort(404, "No such parcel."))

    @app.delete("/parcels/<int:id>")
    def remove_parcel(id: int) -> ResponseReturnValue:
        if parcels.pop(id, None) is None:
            abort(404, "No such parcel.")
        return Response(status=204)

    return app
