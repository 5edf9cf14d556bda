"""What every command shares: the data directory, and errors that a person can read."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from shm.segment import Segment
    from tradsys.configuration.origin import Read
    from workers.memory import VenueMemory
    from workers.venue import Venue

DEFAULT_DIRECTORY = Path("venue")
_DATA_DIRECTORY: dict[str, Any] = {
    "envvar": "TRADSYS_DATA_DIR",
    "help": "The venue: its journal, and the name that its shared memory carries.",
    "file_okay": False,
}


def or_of_service(context: typer.Context, directory: Path) -> Path:
    """The directory; when nobody named it and it is not there, that of this host's service, which is said then."""
    source = context.get_parameter_source("data_dir")
    if source is None or source.name != "DEFAULT" or os.path.exists(directory):
        return directory
    from tradsys.installation import whereabouts

    venue = whereabouts.find(whereabouts.PLACE)
    if venue is None:
        return directory
    user = venue.user_name
    if not whereabouts.act_for(venue):
        said = (
            f"the venue of this host's service, in {venue.data_directory}, is that of the user {user}: call with sudo"
        )
        typer.echo(f"{said}, or name another one with --data-dir", err=True)
        return directory
    typer.echo(f"the venue is that of this host's service, in {venue.data_directory} (as the user {user})", err=True)
    return venue.data_directory


DataDirectory = Annotated[Path, typer.Option("--data-dir", callback=or_of_service, **_DATA_DIRECTORY)]
"""Of a venue that is there."""
OwnDirectory = Annotated[Path, typer.Option("--data-dir", **_DATA_DIRECTORY)]
"""Of a venue that this command makes or is a part of, and for commands that do not always need one."""

Environment = Annotated[
    str, typer.Option("--environment", envvar="TRADSYS_ENVIRONMENT", help="Which configuration to start from.")
]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="A YAML file laid over the environment's.", dir_okay=False)
]
SecretsFile = Annotated[
    Path | None, typer.Option("--secrets", help="A file of secrets: lines of NAME=value.", dir_okay=False)
]

_TYPERS = ("click", "typer")
_OURS = ("bench", "gateway", "shm", "tradsys", "workers")


def read_configuration(
    environment: str,
    file: Path | None,
    secrets: Path | None,
    variables: Mapping[str, str] | None = None,
    *,
    credentials: Mapping[str, str] | None = None,
) -> Read:
    """What a venue would be started with; `variables` over those of this process. Raises InvalidConfigurationError.

    `credentials`: fingerprints of systemd's credentials that only a service has.
    """
    from tradsys.configuration import Origin
    from tradsys.configuration.secrets import FILE_VARIABLE

    named = {} if secrets is None else {FILE_VARIABLE: str(secrets)}
    return Origin(environment, file, {**os.environ, **named, **(variables or {})}).read(credentials=credentials)


@contextmanager
def friendly_errors() -> Iterator[None]:
    """End with exit status 1, and say code and message, where an error is meant for people; others keep a traceback."""
    try:
        yield
    except Exception as error:
        from workers.codes import code_of

        code = code_of(error)
        # Every exception class of ours carries a message for people; any other is a bug.
        if code is None and type(error).__module__.partition(".")[0] not in _OURS:
            raise
        typer.echo(f"error{f'[{code}]' if code else ''}: {error}", err=True)
        raise typer.Exit(1) from None


@contextmanager
def service_errors() -> Iterator[None]:
    """The same for a service, which says everything that ends it in its log, where that is for programs."""
    from tradsys import logging

    with friendly_errors():
        try:
            yield
        except Exception as error:
            from workers.logs import tell_failure

            if not logging.is_for_machines() or type(error).__module__.partition(".")[0] in _TYPERS:
                raise
            tell_failure(logging.logger("tradsys"), "the service ends", error)
            raise typer.Exit(1) from None


def warnings_on(console: Console) -> Callable[[str], None]:
    """Prints each text as a warning."""
    return lambda text: console.print(f"[yellow]{text}[/]", soft_wrap=True, highlight=False)


def attach(data_directory: Path) -> tuple[Venue, Segment, VenueMemory]:
    """The venue that runs in this directory, attached to. Raises VenueNotRunningError."""
    from workers import venue as venues

    venue = venues.read(data_directory)
    segment, memory = venue.attach()
    if not segment.alive:
        segment.close()
        raise venues.VenueNotRunningError(
            f"the venue in {data_directory} was killed (its supervisor, process {venue.supervisor_pid}, is gone); "
            f"tradsys up --data-dir {data_directory} brings it back"
        )
    return venue, segment, memory


@contextmanager
def attached(data_directory: Path) -> Iterator[tuple[Venue, VenueMemory]]:
    """The same for as long as it is looked at. Raises VenueNotRunningError."""
    venue, segment, memory = attach(data_directory)
    try:
        yield venue, memory
    finally:
        segment.close()


def print_json(data: bytes) -> None:
    """One line of JSON on stdout."""
    sys.stdout.write(data.decode() + "\n")
    sys.stdout.flush()
