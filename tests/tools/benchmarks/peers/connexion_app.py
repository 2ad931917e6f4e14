"""Connexion: the document is written by hand, and Connexion validates requests by it."""

from typing import Any

from connexion import FlaskApp

from .records import LONGEST, NAME, TEXT, add

DOCUMENT: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Peer", "version": "1"},
    "paths": {
        "/userDetails": {
            "post": {
                "operationId": f"{__name__}.create_user_details",
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/x-www-form-urlencoded": {
                            "schema": {
                                "type": "object",
                                "required": ["username", "lastname"],
                                "properties": {
                                    "username": {
                                        "type": "string",
                                        "minLength": 1,
                                        "maxLength": LONGEST,
                                        "pattern": NAME,
                                    },
                                    "firstname": {
                                        "type": "string",
                                        "maxLength": LONGEST,
                                        "pattern": TEXT,
                                    },
                                    "lastname": {
                                        "type": "string",
                                        "minLength": 1,
                                        "maxLength": LONGEST,
                                        "pattern": TEXT,
                                    },
                                },
                            }
                        }
                    },
                },
                "responses": {"201": {"description": "A record was created."}},
            }
        }
    },
}


def create_user_details(body: dict[str, str]) -> Any:
    """Submit details."""
    record_id = add(**body)
    location = {"Location": f"/userDetails/{record_id}"}
    return {"message": "Success", "id": str(record_id)}, 201, location


app = FlaskApp(__name__)
app.add_api(DOCUMENT)
