"""The tables that the commands about a running venue show."""

from __future__ import annotations

from collections.abc import Callable

from rich.table import Table

from tradsys.configuration import Configuration
from tradsys.symbols import Symbol
from workers.monitoring.board import ProbeView, is_probe
from workers.monitoring.readiness import Readiness
from workers.observation import Observation, WorkerView
from workers.topology import WorkerPlan

_STATE_STYLES = {"ready": "green", "recovering": "yellow", "stopping": "yellow", "absent": "red", "stopped": "red"}
_NEVER = ("ledger_faults", "ledger_imbalance", "ledger_lost")
"""Counters that are 0 unless something is broken."""
_FULL, _BUSY = 80, 40
"""Percent of a ring's capacity from which its fill is shown in red and in yellow."""


def duration(nanoseconds: int | None) -> str:
    """A duration with a unit that suits it; a dash when there is none."""
    if nanoseconds is None:
        return "-"
    for unit, size in (("s", 10**9), ("ms", 10**6), ("µs", 10**3)):
        if nanoseconds >= size:
            whole, rest = divmod(nanoseconds, size)
            return f"{whole:,}.{rest * 10 // size} {unit}" if whole < 100 else f"{whole:,} {unit}"
    return f"{nanoseconds} ns"


def new_table(title: str, *columns: str) -> Table:
    """A table of the house; a column whose name ends in a hash holds numbers. What is too wide is folded, never cut."""
    table = Table(title=title, title_justify="left", title_style="bold", header_style="dim", box=None, pad_edge=False)
    for column in columns:
        table.add_column(column.removesuffix("#"), justify="right" if column.endswith("#") else "left", overflow="fold")
    return table


def _core(core: int | None) -> str:
    return "any" if core is None else str(core)


def started_workers(plans: list[WorkerPlan], pids: list[int]) -> Table:
    """What runs where, for a venue that has just started."""
    table = new_table("Workers", "worker", "pid#", "agents", "core#", "idle")
    for plan, pid in zip(plans, pids, strict=True):
        table.add_row(plan.name, str(pid), ", ".join(plan.agents), _core(plan.core), plan.idle)
    return table


def symbols(defined: list[Symbol]) -> Table:
    """Symbols with their scales and price ranges."""
    table = new_table("Symbols", "symbol", "tick#", "lot#", "price range#", "reference#")
    for symbol in defined:
        lowest, highest = (symbol.format_price(ticks) for ticks in (symbol.lowest_ticks, symbol.highest_ticks))
        table.add_row(
            symbol.name,
            symbol.tick_size,
            symbol.lot_size,
            f"{lowest} to {highest}",
            symbol.format_price(symbol.reference_ticks),
        )
    return table


def workers(seen: Observation, usage: Callable[[WorkerView], tuple[str, str]]) -> Table:
    """The workers at this moment; `usage` gives CPU and memory of one."""
    table = new_table(
        "Workers", "worker", "state", "pid#", "core#", "idle", "heartbeat#", "restarts#", "CPU#", "memory#"
    )
    for worker in seen.workers:
        table.add_row(
            worker.name,
            f"[{_STATE_STYLES[worker.state]}]{worker.state}",
            str(worker.pid or "-"),
            _core(worker.core),
            worker.idle,
            duration(worker.heartbeat_age_ns),
            str(worker.restarts),
            *usage(worker),
        )
    return table


def rates(rows: list[tuple[str, int, int]], per: str) -> Table:
    """(name, total, per second) each."""
    table = new_table("Flow", "", "total#", f"a second, {per}#")
    for name, total, per_second in rows:
        table.add_row(name, f"{total:,}", f"{per_second:,}")
    return table


def positions(seen: Observation) -> Table:
    """How far log, journal and shards are."""
    table = new_table("Positions", "", "position#", "behind#", "live orders#", "trades#", "events#")
    table.add_row("log", f"{seen.log:,}", "", f"{seen.live_orders:,}", f"{seen.trades:,}", f"{seen.events:,}")
    table.add_row("journal", f"{seen.journaled:,}", f"{max(seen.log - seen.journaled, 0):,}", "", "", "")
    for shard in seen.shards:
        table.add_row(
            f"shard {shard.number}",
            f"{shard.position:,}",
            f"{max(seen.log - shard.position, 0):,}",
            f"{shard.live_orders:,}",
            f"{shard.trades:,}",
            f"{shard.events:,}",
        )
    return table


def rings(seen: Observation) -> Table:
    """How full the rings are. Spare rings that nobody uses are left out."""
    table = new_table("Rings", "ring", "waiting#", "capacity#", "fill#")
    for each in seen.rings:
        if each.name.startswith("tool-") and not each.producer_pid and not each.waiting:
            continue
        percent = 100 * each.waiting // each.capacity
        style = "red" if percent >= _FULL else "yellow" if percent >= _BUSY else "green"
        table.add_row(each.name, f"{each.waiting:,}", f"{each.capacity:,}", f"[{style}]{percent} %")
    return table


def readers(seen: Observation) -> Table:
    """How far the gating readers of the broadcast rings are behind."""
    table = new_table("Readers", "ring", "reader", "position#", "behind#")
    for reader in seen.readers:
        table.add_row(reader.ring, reader.name, f"{reader.position:,}", f"{reader.lag:,}")
    return table


def counters(seen: Observation) -> Table:
    """What gateways and others count."""
    table = new_table("Counters", "", "value#")
    for name, value in seen.counters.items():
        if is_probe(name):
            continue
        table.add_row(name, f"[red]{value:,}" if value and name in _NEVER else f"{value:,}")
    return table


def refusals(seen: Observation) -> Table:
    """Why the core refuses commands, the most frequent reason first."""
    table = new_table("Refused by the core", "reason", "commands#")
    for reason, count in sorted(seen.refusals.items(), key=lambda row: -row[1]):
        table.add_row(reason, f"{count:,}")
    return table


def probes(found: list[ProbeView]) -> Table:
    """What the monitor read last; an alarm that keeps orders out is red, another one yellow."""
    table = new_table("Probes", "", "reads#")
    for probe in found:
        style = ("red" if probe.fatal else "yellow") if probe.alarm else "green"
        table.add_row(probe.name, "-" if probe.value is None else f"[{style}]{probe.value:,}")
    return table


def health(found: Readiness) -> str:
    """A line for everything that is wrong; nothing where all is well."""
    lines = [f"[bold red]not ready: {reason}[/]" for reason in found.reasons]
    return "\n".join(lines + [f"[yellow]{warning}[/]" for warning in found.warnings])


def latencies(summaries: dict[str, dict[str, int]], of: str) -> Table:
    """Percentiles by stage, of a time that `of` names; one record in some is taken."""
    table = new_table(f"Latency {of}", "stage", "count#", "p50#", "p99#", "p99.9#")
    for name, summary in summaries.items():
        values = [duration(summary[key]) if summary["count"] else "-" for key in ("p50", "p99", "p999")]
        table.add_row(name.replace("_", " "), f"{summary['count']:,}", *values)
    return table


def batches(seen: Observation) -> Table:
    """How many records the journal writes at once."""
    table = new_table("Journal since the start", "", "frames#", "p50#", "p99#", "p99.9#", "max#")
    values = [f"{seen.journal_batch[key]:,}" for key in ("count", "p50", "p99", "p999", "max")]
    table.add_row("records a frame", *values)
    return table


def trouble(seen: Observation) -> str:
    """A line about the journal's disk when it is in trouble; else nothing."""
    what = seen.journal_trouble
    if what is None:
        return ""
    return f"[bold red]the journal is in trouble for {duration(what.age_ns)}: {what.why}; no new orders are taken[/]"


def curl_line(configuration: Configuration, defined: list[Symbol], url: str, *, at_market: bool) -> str | None:
    """A command that places an order on the venue at `url`; None when nobody could trade yet.

    `at_market`: an order that trades at once, where somebody makes a market; else one that rests.
    A key is shown only in development: anywhere else it is a secret.
    """
    keys = [key for entry in configuration.accounts for key in entry.keys]
    if not keys or not defined:
        return None
    key = keys[0] if configuration.environment == "development" else "$TRADSYS_KEY"
    symbol = defined[0]
    price = '"type": "market"' if at_market else f'"price": "{symbol.format_price(symbol.reference_ticks)}"'
    order = f'{{"symbol": "{symbol.name}", "side": "buy", {price}, "quantity": "{symbol.format_quantity(10)}"}}'
    quote = "'" if key.startswith("$") else ""
    header = f'"X-API-Key: {key}"' if quote else f"'X-API-Key: {key}'"
    return f"curl -s {url}/orders -H {header} -d '{order}'"
