"""`tradsys`: the command line. One file a command, imported only when that command is called.

A command's file has its name (_ for -, import_ for import), and a function of that name or a `typer.Typer` with
commands of its own.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from keyword import iskeyword
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

COMMANDS = {
    "up": "Start a venue in the foreground.",
    "config": "Check and show a configuration, and what differs between two.",
    "gateway": "Serve as a gateway of a venue that was started without.",
    "status": "Show what a running venue is doing, once.",
    "top": "Watch a running venue.",
    "trace": "Show one order's whole life, with the times between its steps.",
    "history": "Show orders, trades and transfers of the past.",
    "account": "Show, open and stop accounts, and give them roles.",
    "symbol": "Show and add symbols, and open and close them.",
    "asset": "Show and add assets, and say what they are worth.",
    "halt": "Halt trading, and let it go on.",
    "calendar": "Show and set when symbols open and close.",
    "key": "Make, show and revoke keys.",
    "user": "Show and set who acts for whom.",
    "deposit": "Put money into an account.",
    "withdraw": "Take money out of an account.",
    "transfer": "Move money between accounts.",
    "limits": "Show and set risk limits.",
    "fee": "Show and set fees.",
    "breaker": "Show and set circuit breakers, trip and reset them.",
    "kill": "Put kill switches on, and lift them.",
    "audit": "Recompute the ledger from the journal and check it; show who did what.",
    "failover": "Let the standby take a worker's place.",
    "snapshot": "Write the venue's state to disk, for quicker starts.",
    "verify": "Replay the log from its beginning and from every snapshot, and compare.",
    "backup": "Copy a venue's log and snapshots, while it runs.",
    "restore": "Make a venue's directory from a backup.",
    "replay-to": "Show what a venue was at any past moment.",
    "export": "Write what a venue has defined as a configuration file.",
    "import": "Let a running venue have what such a file defines.",
    "journal": "Look into a venue's log and check it.",
    "doctor": "Look whether this host suits the venue.",
    "install-service": "Make a service of this host out of this installation.",
    "uninstall-service": "Take the service off this host again.",
    "replay": "Send recorded days through a venue and check every execution.",
    "bench": "Measure rings, kernel, engine and gateway on this machine.",
}
"""The commands and what the help says of them, in its order."""


def load(name: str) -> Any:
    """The command `name`, from its file."""
    own = name.replace("-", "_")
    own += "_" if iskeyword(own) else ""
    found = getattr(import_module(f"tradsys.cli.{own}"), own)
    if isinstance(found, typer.Typer):
        found.info.name = name
        return typer.main.get_command(found)
    single = typer.Typer(add_completion=False)
    single.command(name)(found)
    return typer.main.get_command(single)


class _LazyGroup(TyperGroup):
    """Knows the commands by name and help; imports one when it is called."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return TyperCommand(cmd_name, help=COMMANDS[cmd_name]) if cmd_name in COMMANDS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        return name, command if name is None else load(name), rest


app = typer.Typer(
    name="tradsys", cls=_LazyGroup, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)


def _show_version(wanted: bool) -> None:
    if wanted:
        try:
            number = version("tradsys")
        except PackageNotFoundError:
            number = "(not installed)"
        typer.echo(f"tradsys {number}")
        raise typer.Exit


@app.callback()
def options(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and leave.")
    ] = False,
) -> None:
    """A complete trading venue for one host."""


if __name__ == "__main__":
    app()
