"""`flask --app api accounts`: who signed up. No hash of a password is ever shown."""

import sys

import click
from marshmallow import ValidationError
from sqlalchemy import Connection

from api.operator.common import OperatorGroup, batches, explained, last_key
from api.passwords import passwords
from api.schemas import SignUp
from api.storage.store import Record, store
from api.storage.tables import accounts as table
from api.text_rules import Timestamp

accounts = OperatorGroup("accounts", help="See to accounts: who signed up.")
_MOMENT = Timestamp()


def _facts(account: Record) -> list[str]:
    """When the account was signed up, and whether it can sign in."""
    signed_up = _MOMENT.serialize("created_at", account)
    return [str(signed_up), "no" if account.password_hash is None else "yes"]


def _unknown(username: str) -> click.ClickException:
    return click.ClickException(f"There is no account of the name {username}.")


def _known(username: str) -> tuple[Record, int]:
    """The account, and how many records it has. Raises `ClickException`."""
    account = store.find_account(username)
    if account is None:
        raise _unknown(username)
    return account, store.count_details(account)


@accounts.command("list")
def list_accounts() -> None:
    """List all accounts, in the order in which they signed up.

    A line each, with tabs between: when it signed up (UTC), whether it has a password (yes or no),
    its username. However many there are, it takes no more memory.

    \b
    flask --app api accounts list | wc -l
    flask --app api accounts list | awk '$2 == "no"'
    """  # noqa: D301  (click reads the mark)

    def print_all(connection: Connection) -> None:
        newest = last_key(connection, table)
        for rows in batches(connection, table, until=newest):
            click.echo("".join("\t".join([*_facts(a), a.username]) + "\n" for a in rows), nl=False)

    with explained(store.database):
        store.database.read(print_all)


@accounts.command()
@click.argument("username")
def show(username: str) -> None:
    """Show what is known of USERNAME, whatever its letter case. Exits 1 if there is none."""
    with explained(store.database):
        account, records = _known(username)
    signed_up, has_password = _facts(account)
    click.echo(f"username:  {account.username}")
    click.echo(f"signed up: {signed_up}")
    click.echo(f"password:  {has_password}")
    click.echo(f"records:   {records}")


@accounts.command("set-password")
@click.argument("username")
def set_password(username: str) -> None:
    """Set USERNAME's password: asked for at a terminal, else one line of standard input.

    It is no argument, since other users of the machine see those, and shells keep them.
    """
    if sys.stdin.isatty():
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    try:
        SignUp(only=["password"]).load({"password": password})
    except ValidationError as invalid:
        raise click.ClickException(" ".join(invalid.messages_dict["password"])) from None
    with explained(store.database):
        known = store.set_password(username, passwords.hash(password))
    if not known:
        raise _unknown(username)
    click.echo(f"{username} can sign in with the new password.")


@accounts.command("delete")
@click.argument("username")
@click.option("--yes", is_flag=True, help="Don't ask.")
def delete_account(username: str, yes: bool) -> None:
    """Delete the account USERNAME, after asking.

    Every hash of its password is deleted, also those that are kept for requests sent again with an
    Idempotency-Key. Its records stay, and belong to no account any more: anyone with a record's
    link can still read or delete it. The username can then be signed up again, by anybody, without
    these records.
    """
    with explained(store.database):
        account, records = _known(username)
        stays = f"{records} record{'s' * (records != 1)} will belong to no account"
        if not yes:
            click.confirm(f"Delete {account.username}? {stays}.", abort=True)
        gone = store.delete_account(account)
    if not gone:
        raise _unknown(username)
    click.echo(f"{account.username} is deleted; {stays}.")
