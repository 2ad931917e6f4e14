"""The operator's commands. A command's module is imported when the command is used."""

from importlib import import_module

import click

COMMANDS = {
    "accounts": "List, show and delete accounts, and set passwords.",
    "backup": "Back up the SQLite database to TO_FILE, also while the service runs.",
    "database": "Upgrade, check or copy the database of DATABASE_URL.",
    "details": "Export the records of details.",
    "openapi": "Write the OpenAPI document that the code declares.",
    "restore": "Replace the SQLite database by FROM_FILE, which `backup` has made.",
}
"""The first sentence of each command's help. A command's module has its name."""


class Commands(click.Group):
    """A group of these commands and of those that are added to it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        command: click.Command = getattr(import_module(f"api.operator.{cmd_name}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing their modules."""
        own = [(name, command.get_short_help_str(100)) for name, command in self.commands.items()]
        with formatter.section("Commands"):
            formatter.write_dl([*own, *COMMANDS.items()])
