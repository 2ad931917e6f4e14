"""User details: each form creates a record, to which anyone with its link has access."""

from datetime import UTC, datetime
from functools import partial
from itertools import product
from typing import Any
from uuid import UUID, uuid4

import pytest
from werkzeug.test import TestResponse

from tests.actor import FORM, PASSWORD, Someone, assert_problem
from tests.operations import NAMED, OPERATIONS

BY_LINK = [each for each in OPERATIONS if each.by_link]


def link_of(created: TestResponse) -> str:
    assert created.status_code == 201, created.text
    return created.headers["Location"]


def details_of(response: TestResponse) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    record: dict[str, Any] = response.get_json()
    return record


def test_details_given_are_a_new_record_that_can_be_read_by_its_link(someone: Someone) -> None:
    """Checklist 17 and 40."""
    before = datetime.now(UTC)
    created = someone.gives_details()
    record = details_of(someone.reads(link_of(created)))
    assert created.headers["Location"] == f"/userDetails/{record['id']}"
    assert before <= datetime.fromisoformat(record.pop("createdAt")) <= datetime.now(UTC)
    assert record.pop("id")
    assert record == FORM


def test_the_key_is_the_same_in_the_answer_and_in_the_link(someone: Someone) -> None:
    created = someone.gives_details()
    assert created.get_json() == {
        "message": "Success",
        "id": link_of(created).removeprefix("/userDetails/"),
    }


def test_the_same_details_again_are_another_record(someone: Someone) -> None:
    links = [link_of(someone.gives_details()) for _ in range(3)]
    assert len(set(links)) == 3
    assert [someone.reads(link).status_code for link in links] == [200] * 3


def test_a_key_is_a_random_uuid_so_that_nobody_guesses_it(someone: Someone) -> None:
    keys = [UUID(link_of(someone.gives_details())[-36:]) for _ in range(20)]
    assert {key.version for key in keys} == {4}
    # All other bits than the version's and the variant's vary.
    same = (1 << 128) - 1
    for key in keys:
        same &= ~(key.int ^ keys[0].int)
    assert same.bit_count() < 12


def test_a_field_that_may_be_missing_is_null_if_it_is_not_given_or_empty(someone: Someone) -> None:
    """Browsers send an empty text for each input that the user left empty."""
    operation = NAMED["createUserDetails"]
    optional = operation.fields.keys() - operation.needed.keys()
    assert optional
    for field in optional:
        for given in [None] if "minLength" in operation.fields[field] else [None, ""]:
            created = someone.gives_details(None, **{field: given})
            assert details_of(someone.reads(link_of(created)))[field] is None


def test_a_blank_firstname_is_kept(someone: Someone) -> None:
    created = someone.gives_details(firstname=" ")
    assert details_of(someone.reads(link_of(created)))["firstname"] == " "


def test_without_lastname_nothing_is_made(someone: Someone) -> None:
    assert_problem(someone.gives_details(lastname=None), 400, lastname=["Give this field."])


def test_each_field_that_is_wrong_is_named(someone: Someone) -> None:
    assert_problem(
        someone.gives_details(username=None, firstname="\n", lastname="x" * 151),
        400,
        username=["Give this field."],
        firstname=["Remove control characters, such as line breaks and tabs."],
        lastname=["Give 1 to 150 characters."],
    )


def test_a_deleted_record_is_gone_at_once_and_for_good(someone: Someone) -> None:
    """Checklist 40."""
    link, other = link_of(someone.gives_details()), link_of(someone.gives_details())
    gone = someone.deletes(link)
    assert (gone.status_code, gone.data) == (204, b"")
    assert_problem(someone.reads(link), 404)
    assert_problem(someone.deletes(link), 404)
    assert someone.reads(other).status_code == 200


def test_a_link_may_be_written_in_capitals(
    someone: Someone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each letter in each part of the id, because the pattern has a class for each part."""
    for (number, operation), c in product(enumerate(BY_LINK), "abcdef"):
        key = UUID(f"{c * 8}-{c * 4}-4{c * 3}-8{c * 3}-{c * 11}{number}")
        monkeypatch.setattr("api.storage.store.uuid4", partial(UUID, str(key)))
        link = link_of(someone.gives_details())
        capitals = f"/userDetails/{str(key).upper()}"
        assert details_of(someone.reads(capitals)) == details_of(someone.reads(link))
        assert operation.ask(someone, capitals).status_code == operation.status


def test_a_link_that_leads_to_no_record_is_404(someone: Someone, subtests: pytest.Subtests) -> None:
    key = link_of(someone.gives_details())[-36:]
    others = [str(uuid4()), "0", "x" * 36, "%00", "..", f"{{{key}}}", key[:-1], f"{key}%0A"]
    others += [key[:-1] + character for character in ("%20", ":", "G", "g")]
    for other in others:
        with subtests.test(other):
            for operation in BY_LINK:
                assert_problem(operation.ask(someone, f"/userDetails/{other}"), 404)


def test_the_newest_details_of_an_account_are_read_with_its_credentials(ada: Someone) -> None:
    assert_problem(ada.reads_own(), 404)
    older, newer = (ada.gives_details(username="ada", lastname=name) for name in ["Byron", "King"])
    assert details_of(ada.reads_own()) == details_of(ada.reads(link_of(newer)))
    ada.deletes(link_of(newer))
    assert details_of(ada.reads_own()) == details_of(ada.reads(link_of(older)))
    ada.deletes(link_of(older))
    assert_problem(ada.reads_own(), 404)


def test_details_of_others_are_not_an_accounts_own(someone: Someone, ada: Someone) -> None:
    someone.signs_up("bob", PASSWORD)
    bob = someone.signs_in("bob")
    someone.gives_details(username="ada")  # Without credentials, any username may be given.
    assert_problem(ada.reads_own(), 404)
    ada.gives_details(username="ada", lastname="Lovelace")
    bob.gives_details(username="bob", lastname="Builder")
    assert details_of(ada.reads_own())["lastname"] == "Lovelace"
    assert details_of(bob.reads_own())["lastname"] == "Builder"


def test_the_username_may_differ_in_letter_case_and_is_kept_as_given(ada: Someone) -> None:
    assert ada.gives_details(username="aDa").status_code == 201
    assert details_of(ada.reads_own())["username"] == "aDa"


def test_details_of_another_username_are_refused_with_credentials(ada: Someone) -> None:
    assert_problem(ada.gives_details(username="sam"), 403)
    assert_problem(ada.reads_own(), 404)
