"""The program `sign-up-api`, also `python -m api`: the service, and the operator's commands.

To serve, gevent's patches must precede all other imports, so nothing is imported here that a
command or `--help` needs alone.
"""

from importlib import import_module
from typing import Any

import click

from api import __version__, create_app
from api.commands import Commands
from api.operator.output import OutputCommand


class _Command(OutputCommand):
    """A command whose help ends with the settings."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Settings"):
            formatter.write_text(
                "Environment variables, or lines of the file .env in the current directory. "
                "The environment overrides the file."
            )
            formatter.write_dl(import_module("api.config").describe_settings())


class _Program(_Command, Commands):
    """The service and the operator's commands."""


@click.group(
    cls=_Program,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="sign-up-api", message="%(prog)s %(version)s")
@click.pass_context
def program(ctx: click.Context) -> None:
    """Serve the sign-up API, or run a command for its operator.

    Without a command it serves.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(serve)
    elif ctx.invoked_subcommand != serve.name:
        script_info: Any = import_module("flask.cli").ScriptInfo
        ctx.obj = script_info(create_app=create_app, load_dotenv_defaults=False)


@program.command(cls=_Command)
def serve() -> None:
    """Serve until a signal stops the service (the default)."""
    import_module("gevent.monkey").patch_all()
    import_module("api.serve").main()


if __name__ == "__main__":
    program()
