"""Each field's rule, checked through the running service on both databases."""

from functools import partial
from itertools import count
from typing import Any

import pytest
from flask import Flask

from api.schemas import SignUp
from tests.actor import PASSWORD, RECORD, Someone, assert_problem
from tests.operations import OPERATIONS, Operation
from tests.test_fields import INVISIBLE, OTTER, Field, each_field

MULTIPART: dict[str, Any] = {"content_type": "multipart/form-data"}


@each_field
def test_the_service_takes_what_the_rule_takes_and_keeps_it_as_it_came(
    field: Field, someone: Someone, database_url: str
) -> None:
    """The encodings alternate, so that the two databases get each text in both.

    Checklist 27, 29, 30 and 38.
    """
    link, numbers = someone.gives_details().headers["Location"], count()

    def takes(operation: Operation, form: dict[str, str]) -> bool:
        asked = next(numbers)
        request = MULTIPART if asked % 2 == database_url.startswith("sqlite") else {}
        if field.form is SignUp:
            free = {"username": f"sam{asked}"}
            form = form | free if field.name == "password" else {"username": form["username"]}
        answer = someone.asks(operation.method, operation.address(link), data=form, **request)
        if answer.status_code == operation.status and field.form is not SignUp:
            record = someone.reads(answer.headers.get("Location", link)).get_json()
            as_given = {name: form[name] or None for name in operation.fields}
            assert {name: record[name] for name in as_given} == as_given
        elif answer.status_code not in (200, 409):  # 409: the username differs only in letter case.
            errors = answer.get_json(force=True)["errors"]
            assert_problem(answer, 400, **{field.name: errors[field.name]})
            return False
        return True

    for operation in OPERATIONS:
        if operation.form == field.form.__name__:
            assert not field.disagreements(partial(takes, operation))


def test_an_invalid_text_gets_the_message_of_its_rule(someone: Someone) -> None:
    for name, text, message in [
        ("username", "", "Give 1 to 150 characters."),
        ("username", "x" * 151, "Give 1 to 150 characters."),
        ("username", "sam king", "Use only the letters A-Z and a-z, digits and . _ @ + -"),
        ("firstname", "x" * 151, "Give at most 150 characters."),
        ("lastname", " ", "Give at least one visible character."),
        ("lastname", "\u2800\u200d", "Give at least one visible character."),
        ("lastname", "\t", "Remove control characters, such as line breaks and tabs."),
    ]:
        refused = someone.gives_details({}, **{name: text})
        assert refused.status_code == 400
        assert message in " ".join(refused.get_json(force=True)["errors"][name])
    assert_problem(
        someone.signs_up("ada", "passwordpassword"),
        400,
        password=["This value is too common. Choose another."],
    )
    assert_problem(someone.signs_up("ada", "x" * 14), 400, password=["Give 15 to 256 characters."])


def test_an_older_record_with_an_invisible_last_name_can_still_be_read(app: Flask) -> None:
    """Versions before 2.0.0 accepted such last names."""
    for lastname in INVISIBLE:
        record = RECORD | {"lastname": lastname}
        link = f"/userDetails/{app.extensions['store'].add_details(**record)}"
        assert Someone(app.test_client()).reads(link).get_json()["lastname"] == lastname


@pytest.mark.parametrize("request_", [{}, MULTIPART], ids=["urlencoded", "multipart"])
def test_a_line_break_at_the_end_is_not_lost_on_the_way(
    someone: Someone, request_: dict[str, Any]
) -> None:
    """Python's `$` matches before a final line break, and multipart has line breaks of its own."""
    for end in "\n", "\r\n", "\r", "\n\n", "\0":
        assert someone.gives_details(request_, lastname=f"king{end}").status_code == 400
        assert someone.gives_details(request_, username=f"sam{end}").status_code == 400
        assert someone.signs_up("sam", PASSWORD + end, **request_).status_code == 400


def test_a_long_password_is_not_cut_off(someone: Someone) -> None:
    """Checklist 27: bcrypt would use only the first 72 bytes."""
    for number, start in enumerate(["x" * 72, OTTER * 18, "x" * 255]):
        someone.signs_up(f"ada{number}", f"{start}a")
        assert_problem(someone.signs_in(f"ada{number}", f"{start}b").reads_own(), 401)
        assert_problem(someone.signs_in(f"ada{number}", f"{start}a").reads_own(), 404)
