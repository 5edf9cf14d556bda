"""`tradsys audit`: what must be true of a venue, checked against what its journal says."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tradsys.cli.common import DEFAULT_DIRECTORY, DataDirectory, attached, friendly_errors, print_json, warnings_on
from tradsys.cli.operator import AsJson

if TYPE_CHECKING:
    from rich.console import Console

    from workers.administration.trail import Line
    from workers.audit import Audit
    from workers.livecopy import LiveCopy
    from workers.venue import Venue

audit = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Recompute the ledger and check it; show who did what."
)

_NAP_SECONDS = 0.02
_SHOWN = 50


@audit.command("log")
def log(
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="Only from then on, in UTC.")
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare/--no-compare", help="Hold it against the venue's log, which is read whole.")
    ] = True,
    data_dir: DataDirectory = DEFAULT_DIRECTORY,
    as_json: AsJson = False,
) -> None:
    """Show what administrators and risk officers have done, oldest first, and check that no line was tampered with.

    Exit status 1 when one was, or names a record of the log that is not there or is another one. Acts that the log has
    and the trail has not are told. With --json one line for each act.
    """
    with friendly_errors():
        from workers.administration import trail

        chain = trail.check(data_dir)
        begin = datetime.min.replace(tzinfo=UTC) if since is None else since.replace(tzinfo=UTC)
        if as_json:
            import msgspec

            for line in trail.lines(data_dir) if not chain.fault else ():
                if line.at >= begin:
                    print_json(msgspec.json.encode(line))
        else:
            _show_trail(trail.lines(data_dir) if not chain.fault else (), begin)
        told = f"{chain.lines:,} lines, each bound to the one before; the last is {chain.last}"
        typer.echo(f"damaged: {chain.fault}; {told}" if chain.fault else told, err=True)
        is_true = not chain.fault and (not compare or _compare(data_dir))
    raise typer.Exit(0 if is_true else 1)


def _compare(data_dir: Path) -> bool:
    """Say what the log has otherwise than the trail; whether all that the trail says is true."""
    from workers import venue as venues
    from workers.administration import comparing

    try:
        shards = venues.last(data_dir).sizes.shards
    except venues.VenueNotRunningError:
        typer.echo("there is no log here to hold it against", err=True)
        return True
    found = comparing.compare(data_dir, shards)
    told = f"records {found.first:,} to {found.last:,} of the log have {found.acts:,} acts"
    told += f"; {found.older:,} lines are about records before them" if found.older else ""
    typer.echo(told if found.unwritten or found.untrue else f"{told}, each with its line", err=True)
    for act in found.unwritten[:_SHOWN]:
        words = ", ".join(f"{name} {value}" for name, value in act.items() if name not in {"request", "reason"})
        typer.echo(f"the trail has no line for {words}", err=True)
    if len(found.unwritten) > _SHOWN:
        typer.echo(f"and none for {len(found.unwritten) - _SHOWN:,} more", err=True)
    for why in found.untrue:
        typer.echo(f"not true: {why}", err=True)
    return not found.untrue


def _show_trail(lines: Iterable[Line], begin: datetime) -> None:
    import msgspec
    from rich.console import Console

    from tradsys.cli.tables import new_table

    table = new_table("Administration", "at (UTC)", "who", "act", "of", "before", "after", "result", "sequence#")
    for line in lines:
        if line.at >= begin:
            values = [
                "" if value is None else msgspec.json.encode(value).decode() for value in (line.before, line.after)
            ]
            sequence = "" if line.sequence is None else f"{line.sequence:,}"
            moment = line.at.strftime("%Y-%m-%d %H:%M:%S")
            table.add_row(moment, str(line.by), line.act, line.target, *values, line.result, sequence)
    Console().print(table)


@audit.command("balances")
def balances(
    data_dir: DataDirectory = DEFAULT_DIRECTORY,
    wait: Annotated[
        float, typer.Option(min=0.0, max=3600.0, help="Seconds to wait for a moment at which nobody trades.")
    ] = 5.0,
    as_json: AsJson = False,
) -> None:
    """Recompute every balance from the journal from scratch and check it; if the venue runs, compare it with that.

    Where the journal's beginning was dropped, the oldest snapshot stands in for it.
    Exit status 1 when anything is not as it must be.
    """
    with friendly_errors():
        from rich.console import Console

        from workers.audit import Recomputation, audit
        from workers.journal import last_sequence

        console = Console(stderr=as_json)
        venue, live = _running_or_last(data_dir, wait)
        end = live.last if live else last_sequence(venue.journal_directory, venue.sizes.shards)
        with _progress(console, end) as progress:
            recomputed = Recomputation(venue, live, progress, warnings_on(console))
        found = audit(recomputed, live)
        if as_json:
            import msgspec

            print_json(msgspec.json.encode(found))
        else:
            names = [bytes(name).decode() for name in recomputed.memory.accounts["name"]]
            _show(found, names, console)
    raise typer.Exit(1 if found.differences else 0)


def _running_or_last(data_dir: Path, wait_seconds: float) -> tuple[Venue, LiveCopy | None]:
    """The venue that runs here and a copy of its ledger, if possible of a quiet moment; or the one that ran last."""
    from workers import venue as venues
    from workers.livecopy import take_copy

    try:
        with attached(data_dir) as (venue, memory):
            deadline = time.monotonic() + wait_seconds
            live = take_copy(venue, memory)
            while not live.quiet and time.monotonic() < deadline:
                time.sleep(_NAP_SECONDS)
                live = take_copy(venue, memory)
            return venue, live
    except venues.VenueNotRunningError:
        return venues.last(data_dir), None


@contextmanager
def _progress(console: Console, end: int) -> Iterator[Callable[[int], None]]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("taking every decision again", total=end)
        yield lambda sequence: progress.update(task, completed=sequence)


def _show(found: Audit, names: list[str], console: Console) -> None:
    from tradsys.cli.tables import new_table

    console.print(f"{found.sequence - found.began_with:,} records of the log, every decision taken again")
    if found.began_with:
        console.print(
            f"[yellow]the log's beginning is gone: the snapshot of sequence {found.began_with:,} was taken as it is",
            soft_wrap=True,
        )
    totals = new_table("Sums over all accounts", "asset", "available#", "held#", "in orders#", "reserved#", "total#")
    for each in found.totals:
        totals.add_row(each.asset, each.available, each.held, each.in_orders, each.reserved, each.total)
    console.print(totals)
    console.print(_compared(found))
    if not found.differences:
        console.print("[green]everything is as it must be")
        return
    table = new_table(f"{len(found.differences):,} differences", "what", "account", "of", "expected#", "found#")
    for wrong in found.differences[:_SHOWN]:
        table.add_row(wrong.what, names[wrong.account], wrong.of, f"{wrong.expected:,}", f"{wrong.found:,}")
    console.print(table)
    if len(found.differences) > _SHOWN:
        console.print(f"the first {_SHOWN} of them; --json gives all")


def _compared(found: Audit) -> str:
    if found.compared is None:
        return "no venue runs here: the recomputed ledger was checked by itself"
    text = f"compared {found.compared:,} accounts of the running venue with what the journal says they own"
    if found.busy:
        text += f"; {found.busy:,} were trading just then and were not compared (--wait)"
    return text
