"""`tradsys config`: check and show a venue's configuration, and what differs between two."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tradsys.cli.common import (
    DEFAULT_DIRECTORY,
    ConfigFile,
    Environment,
    OwnDirectory,
    SecretsFile,
    friendly_errors,
    or_of_service,
    print_json,
    read_configuration,
)
from tradsys.cli.operator import AsJson

if TYPE_CHECKING:
    from tradsys.configuration import Configuration
    from workers.venue import Venue

config = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Check and show a configuration, and what differs between two."
)

RUNNING = "running"
"""In the place of a file: the venue that runs."""


@config.command("check")
def check(
    environment: Environment = "development",
    file: ConfigFile = None,
    secrets: SecretsFile = None,
    as_json: AsJson = False,
) -> None:
    """Say whether a venue could be started with it; exit status 1, and every mistake with its remedy, when not."""
    with friendly_errors():
        from tradsys.configuration import InvalidConfigurationError

        mistakes = []
        try:
            read_configuration(environment, file, secrets)
        except InvalidConfigurationError as error:
            mistakes = error.mistakes
            if not as_json:
                raise
        if as_json:
            import msgspec

            from tradsys.configuration.mistakes import dotted

            told = [mistake._asdict() | {"path": dotted(mistake.path)} for mistake in mistakes]
            print_json(msgspec.json.encode({"valid": not mistakes, "mistakes": told}))
            raise typer.Exit(1 if mistakes else 0)
        typer.echo(f"the configuration for {environment} is valid")


@config.command("show")
def show(
    section: Annotated[str | None, typer.Argument(help="Only what begins like this, such as gateway.")] = None,
    environment: Environment = "development",
    file: ConfigFile = None,
    secrets: SecretsFile = None,
    as_json: AsJson = False,
) -> None:
    """Show every setting as it counts, and the file or variable that it came from. Keys are not shown."""
    with friendly_errors():
        import msgspec

        from tradsys.configuration.listing import settings, source_name
        from tradsys.configuration.sources import directory

        found = [
            each
            for each in settings(read_configuration(environment, file, secrets))
            if each.path.startswith(section or "")
        ]
        if as_json:
            print_json(msgspec.json.encode(found))
            return
        folder = directory()
        for each in found:
            value = msgspec.json.encode(each.value).decode()
            typer.echo(f"{each.path} = {value}  # {source_name(each.source, folder)}")


@config.command("diff")
def diff(
    context: typer.Context,
    before: Annotated[str, typer.Argument(help=f"An environment, a YAML file laid over --environment, or {RUNNING}.")],
    after: Annotated[str, typer.Argument(help="The same.")],
    environment: Environment = "development",
    secrets: SecretsFile = None,
    data_dir: OwnDirectory = DEFAULT_DIRECTORY,
    as_json: AsJson = False,
) -> None:
    """Show what differs between two, and when it would count in a venue that runs; exit status 1 when anything does.

    live: at once; core: at once, through the log; restart: with the next start; never: the log's word stays.
    """
    with friendly_errors():
        import msgspec

        from tradsys.configuration.changes import changes, held

        running = None
        if RUNNING in {before, after}:
            place = or_of_service(context, data_dir)  # first: it decides whose kernels are loaded
            from workers import venue as venues

            running = venues.read(place)
        old, new = (_named(each, environment, secrets, running) for each in (before, after))
        found = held(changes(old, new), running.variables if running is not None else {})
        if as_json:
            print_json(msgspec.json.encode(found))
        else:
            for change in found:
                stays = f"  (stays: {change.variable} of the venue says it)" if change.variable else ""
                typer.echo(f"{change.when:8}{change}{stays}")
        raise typer.Exit(1 if found else 0)


@config.command("schema")
def schema() -> None:
    """Print the JSON schema of configuration files, for editors."""
    from tradsys.configuration.schema import schema_text

    typer.echo(schema_text(), nl=False)


def _named(name: str, environment: str, secrets: Path | None, running: Venue | None) -> Configuration:
    """Secrets that systemd gave to the running venue alone are those that it has."""
    from tradsys.configuration import ENVIRONMENTS

    if name == RUNNING and running is not None:
        return running.configuration
    credentials = {} if running is None else running.credentials
    if name in ENVIRONMENTS:
        return read_configuration(name, None, secrets, credentials=credentials).configuration
    return read_configuration(environment, Path(name), secrets, credentials=credentials).configuration
