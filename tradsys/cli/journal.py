"""`tradsys journal`: what is in a venue's log, and whether it is whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradsys.cli.common import DEFAULT_DIRECTORY, DataDirectory, attached, friendly_errors, print_json
from tradsys.cli.operator import AsJson

if TYPE_CHECKING:
    from rich.console import Console

    from workers.journal.survey import Survey

journal = typer.Typer(no_args_is_help=True, add_completion=False, help="Look into a venue's log and check it.")


@journal.command("stat")
def stat(data_dir: DataDirectory = DEFAULT_DIRECTORY, as_json: AsJson = False) -> None:
    """Show the journal's files: which records each holds, and how full it is. Exit status 1 for a damaged one."""
    _survey(data_dir, as_json, _show_files)


@journal.command("verify")
def verify(data_dir: DataDirectory = DEFAULT_DIRECTORY, as_json: AsJson = False) -> None:
    """Check every frame's checksum, that no record and no file is missing, and that the log ends where it should.

    Exit status 1 when anything is wrong. It changes nothing; the venue may run.
    """
    _survey(data_dir, as_json, _show_verdict)


@journal.command("dump")
def dump(
    data_dir: DataDirectory = DEFAULT_DIRECTORY,
    first: Annotated[int, typer.Option("--from", min=1, help="The first log sequence.")] = 1,
    last: Annotated[int | None, typer.Option("--to", min=1, help="The last log sequence.")] = None,
    kinds: Annotated[list[str] | None, typer.Option("--kind", help="Only of this kind; can be given again.")] = None,
    account: Annotated[int | None, typer.Option(min=0, help="Only of this account's number.")] = None,
    symbol: Annotated[int | None, typer.Option(min=0, help="Only of this symbol's number.")] = None,
) -> None:
    """Print the log's records, each a line of JSON in words. Numbers are the core's: ticks, lots, smallest units."""
    with friendly_errors():
        import msgspec

        from tradsys.reading.records import in_words

        wanted = _known_kinds(kinds or [])
        told = {name: number for name, number in {"account": account, "symbol": symbol}.items() if number is not None}
        for record in _records(data_dir, first, last, wanted):
            words = in_words(record)
            if all(words.get(name) == told[name] for name in told):
                print_json(msgspec.json.encode(words))


def _known_kinds(kinds: list[str]) -> list[int]:
    from tradsys.records import Kind
    from tradsys.words import word

    known = {word(kind): int(kind) for kind in Kind if kind != Kind.NONE}
    for kind in kinds:
        if kind not in known:
            raise typer.BadParameter(f"{kind!r} is none of {', '.join(known)}", param_hint="--kind")
    return [known[kind] for kind in kinds]


def _records(data_dir: Path, first: int, last: int | None, kinds: list[int]) -> Iterator[Any]:
    """Each record (COMMAND) from one sequence to another, of some kinds or of all. Raises JournalError."""
    import numpy as np

    from workers.journal import JournalReader
    from workers.journal.segments import segment_with, sequence_of

    directory = _directory(data_dir)
    path = segment_with(directory, first)
    assert path is not None
    begins = sequence_of(path)
    if begins > first:
        typer.echo(f"the log begins with sequence {begins:,}: what was before it is not here", err=True)
    reader = JournalReader(directory, after=begins - 1)
    while len(batch := reader.next_batch()):
        plain = batch.view(np.ndarray)
        begin = max(first - int(plain["sequence"][0]), 0)
        end = len(plain) if last is None else min(max(last + 1 - int(plain["sequence"][0]), 0), len(plain))
        wanted = plain[begin:end]
        yield from wanted[np.isin(wanted["kind"], kinds)] if kinds else wanted
        if last is not None and reader.sequence >= last:
            return


def _directory(data_dir: Path) -> Path:
    """Where the segments are. Raises JournalError when there are none."""
    from workers.journal import JournalError
    from workers.journal.segments import list_segments

    directory = data_dir / "journal"
    if not list_segments(directory):
        raise JournalError(f"no venue has run in {data_dir}: there is no journal")
    return directory


def _survey(data_dir: Path, as_json: bool, show: Callable[[Survey, Console], None]) -> None:
    with friendly_errors():
        from rich.console import Console

        from workers.journal.survey import survey

        console = Console(stderr=as_json)
        directory, is_running = _directory(data_dir), _runs(data_dir)
        with console.status("reading") as status:
            found = survey(
                directory,
                is_running=is_running,
                progress=lambda sequence: status.update(f"reading: {sequence:,} records"),
            )
        if as_json:
            import msgspec

            print_json(msgspec.json.encode(found))
        else:
            show(found, console)
    raise typer.Exit(1 if found.damage else 0)


def _runs(data_dir: Path) -> bool:
    from workers.venue import UnreadableVenueError, VenueNotRunningError

    try:
        with attached(data_dir):
            return True
    except VenueNotRunningError:
        return False
    except UnreadableVenueError:
        return True  # perhaps: then a frame at the end that is not whole is no damage


def _show_files(found: Survey, console: Console) -> None:
    from rich.table import Table

    table = Table(box=None)
    for name in ("file", "first", "last", "records", "used"):
        table.add_column(name, no_wrap=True, justify="left" if name == "file" else "right")
    for each in found.segments:
        share = f"{100 * each.used_bytes // each.bytes} % of {each.bytes / 2**20:.0f} MiB"
        table.add_row(each.file, f"{each.first:,}", f"{each.last:,}", f"{each.records:,}", share)
    console.print(table)
    _show_verdict(found, console)


def _show_verdict(found: Survey, console: Console) -> None:
    if found.damage:
        console.print(f"[red]damaged[/]: {found.damage}", soft_wrap=True, highlight=False)
        console.print(f"{found.records:,} records before that are whole", highlight=False)
        return
    if found.first > 1:
        console.print(f"the log begins with sequence {found.first:,}: snapshots hold what was before", highlight=False)
    files = f"{len(found.segments)} file{'s' if len(found.segments) > 1 else ''}"
    console.print(f"{found.records:,} records in {files}: every checksum is right, none is missing", highlight=False)
    if found.torn_bytes:
        console.print(
            f"behind them are {found.torn_bytes:,} bytes of a frame that was never acknowledged; the next start cuts "
            "them off",
            highlight=False,
        )
