"""`sign-up-api details`: the records, for other programs."""

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
    last_key,
    new_file,
    one_line_errors,
    progress,
)
from api.schemas import UserDetails
from api.storage.store import store
from api.storage.tables import user_details

details = OperatorGroup("details", help="Export the records of details.")
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

    with one_line_errors(store.database):
        store.database.read(write_all)


@details.command()
@click.option(
    "--format",
    "kind",
    type=click.Choice(list(_FORMATS)),
    default="jsonl",
    show_default=True,
    help="jsonl: one JSON record per line, as in responses. csv: RFC 4180, with a header line.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write this file (mode 0600) once the export is complete, not standard output.",
)
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
@click.option(
    "--with-ids", is_flag=True, help="Export the ids too, with which records can be deleted."
)
def export(kind: str, output: Path | None, force: bool, with_ids: bool) -> None:
    """Export all records, oldest first, in UTF-8.

    The memory that this needs doesn't depend on their number, and writes aren't blocked meanwhile.
    The export has every record that exists from its beginning to its end, and none that was added
    after it began.

    Anyone with the id of a record has access to it, so ids are left out unless you give
    --with-ids.

    Texts are exported exactly as they were given, also those that begin with =, +, - or @, which a
    spreadsheet takes for formulas: import such columns as text. In CSV a firstname that wasn't
    given is empty.

    \b
    sign-up-api details export | jq -r .lastname | sort | uniq -c
    sign-up-api details export --format csv --output details.csv
    """  # noqa: D301  (click reads the mark)
    if output is None:
        if sys.stdout is None:
            raise click.ClickException("Standard output: it is closed.")
        with one_line_errors(store.database), click.open_file("-", "w", encoding="utf-8") as stream:
            # At a terminal the bar would be printed between the records.
            _export(stream.write, kind, with_ids=with_ids, shown=not stream.isatty())
            stream.flush()
    else:
        with (
            new_file(output, replace=force) as part,
            part.open("w", encoding="utf-8", newline="") as file,
        ):
            _export(file.write, kind, with_ids=with_ids, shown=True)
