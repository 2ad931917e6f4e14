"""Notes: a FastAPI app that knows nothing of the recorder."""

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

app = FastAPI()
NOTES = {1: "Buy milk"}


class Note(BaseModel):
    """A note."""

    text: str


@app.get("/notes/{id}")
def get_note(id: int) -> Note:
    """Return a note."""
    if id not in NOTES:
        raise HTTPException(404, "No such note.")
    return Note(text=NOTES[id])
