"""A small document of a service for notes, and traffic that covers all of it."""

import json
from typing import Any

import yaml
from werkzeug.datastructures import Headers

from api.contract.proof.exchanges import Exchange

DOCUMENT: dict[str, Any] = yaml.safe_load("""
openapi: 3.1.0
info: {title: Notes, version: '1'}
servers: [{url: /}]
paths:
  /notes:
    post:
      operationId: leaveNote
      security: []
      requestBody:
        required: true
        content:
          application/x-www-form-urlencoded:
            schema: {$ref: '#/components/schemas/NewNote'}
      responses:
        '201':
          description: Left.
          headers: {Location: {$ref: '#/components/headers/Location'}}
          content: {application/json: {schema: {$ref: '#/components/schemas/Note'}}}
          links: {read: {operationId: readNote, parameters: {id: '$response.body#/id'}}}
        '400': {description: Wrong.}
        '415': {description: No form.}
  /notes/{id}:
    get:
      operationId: readNote
      security: []
      parameters:
      - {in: path, name: id, required: true, schema: {type: integer, minimum: 1, maximum: 2}}
      responses:
        '200':
          description: Here.
          content: {application/json: {schema: {$ref: '#/components/schemas/Note'}}}
        '404': {description: Gone.}
components:
  headers:
    Location: {required: true, schema: {type: string, pattern: '^/notes/[12]$'}}
  schemas:
    NewNote:
      type: object
      required: [text]
      properties:
        text: {type: string, minLength: 2, maxLength: 3, pattern: '^[ab]*$', examples: [ab]}
    Note:
      type: object
      required: [id]
      properties:
        id: {type: integer, minimum: 1, maximum: 2}
""")
FORM = "application/x-www-form-urlencoded"


def make_exchange(
    method: str, path: str, status: int, *, sent: str = "", said: Any = None, **headers: str
) -> Exchange:
    """Return an exchange. `headers` are the response's, but `content_type` is the request's."""
    kind = headers.pop("content_type", FORM if sent else "")
    content = b"" if said is None else json.dumps(said).encode()
    received = Headers(headers)
    if content:
        received["Content-Type"] = "application/json"
    return Exchange(
        method=method,
        path=path,
        query="",
        sent=Headers({"Host": "localhost"} | ({"Content-Type": kind} if kind else {})),
        body=sent.encode(),
        status=status,
        received=received,
        content=content,
        recorded_by="someone",
    )


def note_left(text: str, id: int) -> Exchange:
    return make_exchange("POST", "/notes", 201, sent=text, said={"id": id}, Location=f"/notes/{id}")


WRONG = ["", "text=", "text=b", "text=aaaa", "text=ab&text=ba", "text=ac", "text=%60b"]
TRAFFIC = [
    *[note_left("text=bba", 2), note_left("text=aa&other=1", 1)],
    *[make_exchange("POST", "/notes", 400, sent=text, content_type=FORM) for text in WRONG],
    make_exchange("POST", "/notes", 415, sent="{}", content_type="application/json"),
    make_exchange("POST", "/notes", 415, sent="x", content_type="text/plain"),
    *[make_exchange("GET", f"/notes/{n}", 200, said={"id": n}) for n in (1, 2)],
    *[
        make_exchange("PUT", "/notes", 405, Allow="OPTIONS, POST"),
        make_exchange("POST", "/notes", 415),
    ],
    make_exchange("PUT", "/notes/1", 405, Allow="GET, HEAD, OPTIONS"),
    *[make_exchange("GET", f"/notes/{n}", 404) for n in (0, 3)],
]
