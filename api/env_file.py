"""Settings from the environment and from the file `.env` in the current directory."""

import os
from io import StringIO
from pathlib import Path

import click
from dotenv import dotenv_values, find_dotenv
from dotenv.parser import parse_stream

from api.config import Settings, SettingsError

FILE = ".env"


def load_settings() -> Settings:
    """Return the settings. A variable of the environment overrides the same one of the file.

    Other variables of the file are set in the environment too, such as PGPASSWORD. Raises
    `SettingsError`.
    """
    _refuse_other_files()
    given = _read()
    for name, value in given.items():
        os.environ.setdefault(name, value)
    from_file = {name for name, value in given.items() if os.environ[name] == value}
    return Settings.from_environ(os.environ, dict.fromkeys(from_file, FILE))


def _read() -> dict[str, str]:
    """Return the variables of the file; none if there is no file. Messages quote no line."""
    try:
        text = Path(FILE).read_text("utf-8")
    except FileNotFoundError:
        return {}
    except OSError as error:
        advice = "Make it a file that this user may read, or remove it."
        raise SettingsError(f"{FILE}: {error.strerror}. {advice}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{FILE}: Save it in UTF-8.") from None
    if "\0" in text:
        raise SettingsError(f"{FILE}: Remove the NUL characters.")
    for line in parse_stream(StringIO(text)):
        is_comment = line.key is None and not line.error
        if not is_comment and (line.value is None or not str(line.key).isidentifier()):
            raise SettingsError(f"{FILE}, line {line.original.line}: Write NAME=value.")
    return {name: value or "" for name, value in dotenv_values(stream=StringIO(text)).items()}


def _refuse_other_files() -> None:
    """Refuse files that the `flask` command has read, but that `sign-up-api` doesn't read.

    These are `.flaskenv`, and a `.env` in a parent directory. Otherwise the same command could use
    different databases. Flask's own variables don't matter.
    """
    context = click.get_current_context(silent=True)
    if not (context and getattr(context.find_root().obj, "load_dotenv_defaults", False)):
        return
    for name in FILE, ".flaskenv":
        file = find_dotenv(name, usecwd=True)
        if file and file != os.path.join(os.getcwd(), FILE):
            if all(name.startswith("FLASK_") for name in dotenv_values(file)):
                continue
            raise SettingsError(
                f"{file}: flask reads this file, but sign-up-api doesn't. Move its settings to "
                f"{FILE} in the current directory, or set FLASK_SKIP_DOTENV=1."
            )
