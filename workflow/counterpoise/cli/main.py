"""The entry of the command line."""

from __future__ import annotations

import importlib
import os
import sys
from difflib import get_close_matches
from typing import Any

import click

from counterpoise._version import __version__
from counterpoise.errors import CounterpoiseError

# Subcommands in the order of the help; each is a module of this folder.
COMMANDS = ("balance", "zoomify", "check", "adopt", "vectors", "init", "run", "diff", "ui")
ERROR_STATUS = 2
INTERRUPTED_STATUS = 130  # as shells have it


class LazyGroup(click.Group):
    """A group that imports a subcommand when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        return list(COMMANDS)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the subcommand; of an unknown one, name the most similar."""
        close = get_close_matches(args[0], COMMANDS, n=1) if args else []
        if close and args[0] not in COMMANDS:
            ctx.fail(f"No such command {args[0]!r}. Did you mean {close[0]!r}?")
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a subcommand."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"counterpoise.cli.{cmd_name}")
        command: click.Command = module.command
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="counterpoise")
def group() -> None:
    """Balance Hi-C contact maps."""


def main(arguments: list[str] | None = None) -> Any:
    """Run the command line; errors become a message and the status 2.

    Parameters
    ----------
    arguments : list of str, optional
        Those of the process by default.
    """
    try:
        return group.main(args=arguments, prog_name="counterpoise", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        click.echo("Interrupted.", err=True)
        sys.exit(INTERRUPTED_STATUS)
    except BrokenPipeError:  # the reader of standard output has what it wants
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit()
    except (CounterpoiseError, OSError) as error:
        lines = [f"counterpoise: {error}", *getattr(error, "__notes__", ())]
        click.echo("\n".join(lines), err=True)
        sys.exit(ERROR_STATUS)
