"""The story with openapi-python-client's client: `python story.py URL USERNAME`."""

import sys
from base64 import b64encode

import httpx
from sign_up_client.api.sign_up import sign_up
from sign_up_client.api.user_details import (
    create_user_details,
    delete_user_details,
    get_my_user_details,
    get_user_details,
)
from sign_up_client.client import AuthenticatedClient, Client
from sign_up_client.models import (
    CreatedUserDetails,
    NewUserDetails,
    Problem,
    SignedUp,
    SignUp,
    UserDetails,
)
from sign_up_client.types import Response

PASSWORD = "an otter counts nine moons"


def signed_in(url: str, username: str, password: str) -> AuthenticatedClient:
    """Return a client with credentials. For this generator, HTTP Basic is a token with a prefix."""
    token = b64encode(f"{username}:{password}".encode()).decode()
    return AuthenticatedClient(url, token, prefix="Basic")


def without_credentials(url: str) -> AuthenticatedClient:
    """Return a client without credentials. The generator requires optional ones, so remove them."""
    plain = httpx.Client(base_url=url, timeout=60)
    return AuthenticatedClient(url, token="").set_httpx_client(plain)


def problem(answer: CreatedUserDetails | SignedUp | Problem | UserDetails | None) -> str:
    """Return the problem's fields of an error."""
    assert isinstance(answer, Problem), answer
    assert answer.detail
    fields = answer.errors.additional_keys if answer.errors else []
    return " ".join([str(answer.status), answer.type_, *fields])


def main(url: str, username: str) -> list[str]:
    """Run the story, and print what it saw."""
    anyone, guest = Client(url), without_credentials(url)
    account = signed_in(url, username, PASSWORD)
    seen: list[int] = []

    form = SignUp(username, password=PASSWORD)
    signed_up = sign_up.sync_detailed(client=anyone, body=form)
    assert isinstance(signed_up.parsed, SignedUp)
    assert signed_up.parsed.message == "Success"
    seen.append(signed_up.status_code)

    details = NewUserDetails(username, lastname="Łuk & O'Neill")
    given = create_user_details.sync_detailed(client=guest, body=details)
    assert isinstance(given.parsed, CreatedUserDetails)
    link = given.parsed.id
    assert given.headers["Location"] == f"/userDetails/{link}"
    seen.append(given.status_code)

    details = NewUserDetails(username, lastname="Łuk & O'Neill", firstname="Zoë")
    ids = set()
    for _ in "asked", "asked again":
        own = create_user_details.sync_detailed(
            client=account, body=details, idempotency_key=f"the-key-of-{username}"
        )
        assert isinstance(own.parsed, CreatedUserDetails)
        ids.add(own.parsed.id)
        seen.append(own.status_code)

    mine = get_my_user_details.sync_detailed(client=account)
    assert isinstance(mine.parsed, UserDetails)
    assert {mine.parsed.id} == ids
    assert (mine.parsed.firstname, mine.parsed.lastname) == ("Zoë", "Łuk & O'Neill")
    seen.append(mine.status_code)

    read = get_user_details.sync_detailed(link, client=anyone)
    assert isinstance(read.parsed, UserDetails)
    assert read.parsed.firstname is None
    assert read.parsed.created_at <= mine.parsed.created_at
    seen.append(read.status_code)

    # The generator types an empty response as Any, so the expected type is given here.
    deleted: Response[Problem] = delete_user_details.sync_detailed(link, client=anyone)
    seen.append(deleted.status_code)

    details.lastname = ""
    others = NewUserDetails(f"not-{username}", lastname="king")
    stranger = signed_in(url, username, "not the right password")
    return [
        " ".join(str(int(status)) for status in seen),
        problem(create_user_details.sync(client=guest, body=details)),
        problem(get_my_user_details.sync(client=stranger)),
        problem(create_user_details.sync(client=account, body=others)),
        problem(get_user_details.sync(link, client=anyone)),
        problem(sign_up.sync(client=anyone, body=form)),
    ]


if __name__ == "__main__":
    sys.stdout.write("\n".join(main(sys.argv[1], sys.argv[2])))
