"""A record's link can't be guessed, listed or found in logs."""

import sqlite3
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from uuid import UUID, uuid4

import requests

from tests.actor import FORM, SAME_ID, Someone
from tests.operations import OPERATIONS
from tests.serving import serving

LINKS = 200


def test_a_link_tells_nothing_of_another(someone: Someone) -> None:
    keys = [
        UUID(someone.gives_details().headers["Location"].rpartition("/")[2]) for _ in range(LINKS)
    ]
    assert len(set(keys)) == LINKS
    assert {(key.version, key.variant) for key in keys} == {(4, keys[0].variant)}
    # Each of the 122 random bits is set about half of the time (within six standard deviations),
    # and differs about half of the time between successive records.
    free = [n for n in range(128) if n not in (62, 63, 76, 77, 78, 79)]
    for bit in free:
        ones = sum(key.int >> bit & 1 for key in keys)
        flips = sum((a.int ^ b.int) >> bit & 1 for a, b in pairwise(keys))
        assert all(abs(count - LINKS / 2) < 3 * LINKS**0.5 for count in (ones, flips)), bit
    ups = sum(a < b for a, b in pairwise(keys))
    assert abs(ups - LINKS / 2) < 3 * LINKS**0.5


def test_a_deleted_record_gets_the_response_of_an_unknown_one(someone: Someone) -> None:
    gone = someone.gives_details().headers["Location"]
    assert someone.deletes(gone).status_code == 204
    never = f"/userDetails/{uuid4()}"
    for each in (operation for operation in OPERATIONS if operation.by_link):
        one, other = (each.ask(someone, link, headers=SAME_ID) for link in (gone, never))
        assert (one.status, one.data, [*one.headers]) == (
            other.status,
            other.data,
            [*other.headers],
        )


def test_there_is_no_list_of_links(someone: Someone, ada: Someone) -> None:
    """Without a link or credentials, no client can read the records of others."""
    key = someone.gives_details().headers["Location"].rpartition("/")[2]
    for path in "/userDetails", "/userDetails/", "/userDetails?limit=9", f"/userDetails/{key[:8]}":
        for who in someone, ada:
            assert key not in who.reads(path).text


def test_a_link_leaks_in_no_log_no_referer_and_no_cache(tmp_path: Path) -> None:
    with serving(tmp_path, {"LOG_LEVEL": "debug"}) as server:
        link = requests.post(f"{server.url}/userDetails", FORM, timeout=60).headers["Location"]
        for ask in requests.get, requests.delete, requests.get:
            answer = ask(server.url + link, timeout=60)
            assert answer.headers["Referrer-Policy"] == "no-referrer"
            assert answer.headers["Cache-Control"] == "no-store"
        link = requests.post(f"{server.url}/userDetails", FORM, timeout=60).headers["Location"]
        with closing(sqlite3.connect(tmp_path / "signup.db")) as database:
            database.execute("ALTER TABLE user_details RENAME TO elsewhere")
        assert requests.get(server.url + link, timeout=60).status_code in (500, 503)
        assert server.stop() == 0
        logged = server.log.read_text()
    key = link.rpartition("/")[2]
    assert "elsewhere" in logged or "user_details" in logged  # The log has the error.
    assert key not in logged and UUID(key).hex not in logged
