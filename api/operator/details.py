"""`flask --app api details`: the records, for other programs."""

import csv
import io
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection

from api.operator.common import (
    OperatorGroup,
    batches,
    explained,
    last_key,
    progress,
    whole_file,
)
from api.schemas import UserDetails
from api.storage.store import store
from api.storage.tables import user_details

details = OperatorGroup("details", help="See to the records of details.")
Records = Iterable[dict[str, Any]]


def _csv(records: Records) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(record.values() for record in records)
    return text.getvalue()


def _json_lines(records: Records) -> str:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


_FORMATS: dict[str, Callable[[Records], str]] = {"csv": _csv, "jsonl": _json_lines}


def _export(write: Callable[[str], object], kind: str, *, with_ids: bool, shown: bool) -> None:
    schema = UserDetails(exclude=[] if with_ids else ["id"])
    if kind == "csv":
        write(_csv([{name: name for name in schema.dump_fields}]))

    def write_all(connection: Connection) -> None:
        newest = last_key(connection, user_details)
        with progress("Exporting", connection, [user_details], shown=shown) as bar:
            for rows in batches(connection, user_details, until=newest):
                write(_FORMATS[kind](schema.dump(rows, many=True)))
                bar.update(len(rows))

    with explained(store.database):
        store.database.read(write_all)


@details.command()
@click.option(
    "--format",
    "kind",
    type=click.Choice(list(_FORMATS)),
    default="jsonl",
    show_default=True,
    help="JSON Lines: what GET answers, one on each line; or CSV (RFC 4180), named in line 1.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write there, for you alone to read; it appears once it is whole. Else standard output.",
)
@click.option("--force", is_flag=True, help="Replace FILE if it is there already.")
@click.option("--with-ids", is_flag=True, help="Export the ids too: who has one may delete by it.")
def export(kind: str, output: Path | None, force: bool, with_ids: bool) -> None:
    """Export all records, oldest first, in UTF-8.

    However many there are, it takes no more memory; who writes meanwhile isn't held up. It has each
    record that is there from the beginning to the end, and none that came after it began.

    The id of a record is a secret: it is the link, and whoever holds it may read or delete the
    record. So ids are left out, unless you ask for them with --with-ids.

    Texts are exactly as they came, also those that begin with =, +, - or @, which a spreadsheet
    takes for formulas: import such columns as text. In CSV a firstname that wasn't given is empty.

    \b
    flask --app api details export | jq -r .lastname | sort | uniq -c
    flask --app api details export --format csv --output details.csv
    """  # noqa: D301  (click reads the mark)
    if output is None:
        if sys.stdout is None:
            raise click.ClickException("Standard output: it is closed.")
        with explained(store.database), click.open_file("-", "w", encoding="utf-8") as stream:
            # Where the records are shown themselves, a bar would be among them.
            _export(stream.write, kind, with_ids=with_ids, shown=not stream.isatty())
            stream.flush()
    else:
        with (
            whole_file(output, replace=force) as part,
            part.open("w", encoding="utf-8", newline="") as file,
        ):
            _export(file.write, kind, with_ids=with_ids, shown=True)
