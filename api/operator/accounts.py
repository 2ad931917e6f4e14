"""`sign-up-api accounts`: list, show and delete accounts. Password hashes are never printed."""

import sys

import click
from marshmallow import ValidationError
from sqlalchemy import Connection

from api.operator.common import OperatorGroup, batches, last_key, one_line_errors
from api.schemas import SignUp
from api.security.passwords import passwords
from api.storage.store import Record, store
from api.storage.tables import accounts as table
from api.text_rules import Timestamp

accounts = OperatorGroup("accounts", help="List, show and delete accounts, and set passwords.")
_MOMENT = Timestamp()


def _columns(account: Record) -> list[str]:
    """Return when the account was signed up, and whether it has a password."""
    signed_up = _MOMENT.serialize("created_at", account)
    return [str(signed_up), "no" if account.password_hash is None else "yes"]


def _no_account(username: str) -> click.ClickException:
    return click.ClickException(f"There is no account of the name {username}.")


def _find(username: str) -> tuple[Record, int]:
    """Return the account and the number of its records. Raises `ClickException`."""
    account = store.find_account(username)
    if account is None:
        raise _no_account(username)
    return account, store.count_details(account)


@accounts.command("list")
def list_accounts() -> None:
    """List all accounts, in the order in which they signed up.

    One account per line, separated by tabs: the time of the sign-up (UTC), whether it has a
    password (yes or no), the username. The memory that this needs doesn't depend on their number.

    \b
    sign-up-api accounts list | wc -l
    sign-up-api accounts list | awk '$2 == "no"'
    """  # noqa: D301  (click reads the mark)

    def print_all(connection: Connection) -> None:
        newest = last_key(connection, table)
        for rows in batches(connection, table, until=newest):
            click.echo(
                "".join("\t".join([*_columns(a), a.username]) + "\n" for a in rows), nl=False
            )

    with one_line_errors(store.database):
        store.database.read(print_all)


@accounts.command()
@click.argument("username")
def show(username: str) -> None:
    """Show the account USERNAME, in any letter case. Exits 1 if there is none."""
    with one_line_errors(store.database):
        account, records = _find(username)
    signed_up, has_password = _columns(account)
    click.echo(f"username:  {account.username}")
    click.echo(f"signed up: {signed_up}")
    click.echo(f"password:  {has_password}")
    click.echo(f"records:   {records}")


@accounts.command("set-password")
@click.argument("username")
def set_password(username: str) -> None:
    """Set USERNAME's password: prompt at a terminal, else read one line of standard input.

    It isn't an argument, because other users of the machine see arguments, and shells store them.
    """
    if sys.stdin.isatty():
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    try:
        SignUp(only=["password"]).load({"password": password})
    except ValidationError as invalid:
        raise click.ClickException(" ".join(invalid.messages_dict["password"])) from None
    with one_line_errors(store.database):
        found = store.set_password(username, passwords.hash(password))
    if not found:
        raise _no_account(username)
    click.echo(f"{username} can sign in with the new password.")


@accounts.command("delete")
@click.argument("username")
@click.option("--yes", is_flag=True, help="Don't ask for confirmation.")
def delete_account(username: str, yes: bool) -> None:
    """Delete the account USERNAME, after confirmation.

    Every hash of its password is deleted, also those that are kept for requests sent again with an
    Idempotency-Key. Its records stay, and belong to no account any more: anyone with a record's
    link still has access to it. The username can then be signed up again, by anybody, without
    these records.
    """
    with one_line_errors(store.database):
        account, records = _find(username)
        stays = f"{records} record{'s' * (records != 1)} will belong to no account"
        if not yes:
            click.confirm(f"Delete {account.username}? {stays}.", abort=True)
        deleted = store.delete_account(account)
    if not deleted:
        raise _no_account(username)
    click.echo(f"{account.username} is deleted; {stays}.")
