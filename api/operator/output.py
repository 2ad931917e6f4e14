"""Commands whose output may fail: a full disk, a closed pipe, an encoding without a character."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import click


@contextmanager
def explain_output() -> Iterator[None]:
    """Raise a `ClickException` if the output can't be written to standard output.

    If the reader has ended, as `head` does, click ends the command silently.
    """
    try:
        try:
            yield
        finally:
            if sys.stdout:
                sys.stdout.flush()
    except UnicodeEncodeError as error:
        cause = f"it can't hold all characters in {error.encoding}: set PYTHONIOENCODING=utf-8"
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise
        cause = str(error.strerror)
    else:
        return
    with suppress(OSError, ValueError):  # Otherwise Python writes the rest at exit, which fails.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise click.ClickException(f"Standard output: {cause}.")


class OutputCommand(click.Command):
    """A command that describes on one line why its help can't be written."""

    def make_context(self, *arguments: Any, **more: Any) -> click.Context:
        with explain_output():
            return super().make_context(*arguments, **more)
