"""Details are records."""

from tests.actor import Someone


def test_details_given_are_a_new_record_that_can_be_read_by_its_link(someone: Someone) -> None:
    created = someone.gives_details()
    assert (created.status_code, created.text) == (201, "Success")
    record = someone.reads(created.headers["Location"]).get_json()
    assert created.headers["Location"] == f"/userDetails/{record['id']}"
    assert (record["username"], record["firstname"], record["lastname"]) == ("sam", "john", "king")
