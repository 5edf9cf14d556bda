"""`tradsys bench`: what this machine does, part by part, and the whole edge beside a bare one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradsys.cli.common import friendly_errors

if TYPE_CHECKING:
    from rich.console import Console

bench = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Measure rings, kernel, engine and gateway on this machine."
)

_AsJson = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object in the last line.")]
_DataDirectory = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        help="Where the venue under measurement keeps its journal, which stays; a temporary directory if not given.",
        file_okay=False,
    ),
]
_NoDataDirectory = Annotated[Path | None, typer.Option("--data-dir", help="Not used: no venue runs.", file_okay=False)]
_Rounds = Annotated[int | None, typer.Option(min=1, help="Interleaved rounds.", show_default=False)]


def _measure(as_json: bool, run: Callable[[Console], dict[str, Any]]) -> None:
    """Tables to stdout, or to stderr when the last line of stdout is to be JSON."""
    from rich.console import Console

    with friendly_errors():
        result = run(Console(stderr=as_json))
    if as_json:
        print(json.dumps(result))


def _given(**options: Any) -> dict[str, Any]:
    """The options that were given; the others keep the benchmark's own values."""
    return {name: value for name, value in options.items() if value is not None}


@bench.command("ring")
def ring(rounds: _Rounds = None, data_dir: _NoDataDirectory = None, as_json: _AsJson = False) -> None:
    """Two processes: round trip, one way and records a second through a ring of shared memory."""
    from bench import ring as benchmark

    _measure(as_json, lambda console: benchmark.run(console, benchmark.Sizes(**_given(rounds=rounds))))


@bench.command("kernel")
def kernel(
    rounds: _Rounds = None,
    messages: Annotated[
        int | None, typer.Option(min=1000, max=20_000_000, help="Of each generated flow.", show_default=False)
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of the generated flows.", show_default=False)] = None,
    mix: Annotated[
        bool, typer.Option("--mix", help="Each order type instead, and what rare orders cost plain ones.")
    ] = False,
    symbols: Annotated[
        int | None,
        typer.Option(
            min=2,
            max=100_000,
            help="One shard with so many symbols instead, beside one with one, both with a million resting orders.",
            show_default=False,
        ),
    ] = None,
    data_dir: _NoDataDirectory = None,
    as_json: _AsJson = False,
) -> None:
    """The matching kernel alone: messages a second on the public workload and on generated ones, reports checked."""
    if mix and symbols is not None:
        raise typer.BadParameter("--mix and --symbols are two benchmarks", param_hint="--symbols")
    if mix:
        from bench import mix as mixed

        options = _given(rounds=rounds, messages=messages, seed=seed)
        _measure(as_json, lambda console: mixed.run(console, mixed.Settings(**options)))
        return
    if symbols is not None:
        from bench import wide

        options = _given(rounds=rounds, messages=messages, seed=seed, symbols=symbols)
        _measure(as_json, lambda console: wide.run(console, wide.Settings(**options)))
        return
    from bench import kernel as benchmark

    options = _given(repetitions=rounds, messages=messages, seed=seed)
    _measure(as_json, lambda console: benchmark.run(console, benchmark.Settings(**options)))


@bench.command("risk")
def risk(
    rounds: _Rounds = None,
    accounts: Annotated[int | None, typer.Option(min=1, max=1_000_000, show_default=False)] = None,
    assets: Annotated[int | None, typer.Option(min=2, max=1_000, show_default=False)] = None,
    symbols: Annotated[int | None, typer.Option(min=1, max=100_000, show_default=False)] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of the generated orders.", show_default=False)] = None,
    data_dir: _NoDataDirectory = None,
    as_json: _AsJson = False,
) -> None:
    """The risk checks and the ledger alone: deciding on an order with every check on, and settling a trade."""
    from bench import risk as benchmark
    from bench.risk_market import Settings

    options = _given(rounds=rounds, accounts=accounts, assets=assets, symbols=symbols, seed=seed)
    _measure(as_json, lambda console: benchmark.run(console, Settings(**options)))


@bench.command("levels")
def levels(
    rounds: _Rounds = None,
    messages: Annotated[
        int | None, typer.Option(min=1000, max=20_000_000, help="Of each generated flow.", show_default=False)
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of the generated flows.", show_default=False)] = None,
    data_dir: _NoDataDirectory = None,
    as_json: _AsJson = False,
) -> None:
    """The book's price levels beside the structures that lost: what rests and leaves in each of the five shapes."""
    from bench import alternatives

    options = _given(rounds=rounds, messages=messages, seed=seed)
    _measure(as_json, lambda console: alternatives.run(console, alternatives.Settings(**options)))


@bench.command("abi")
def abi(
    rounds: _Rounds = None,
    messages: Annotated[
        int | None, typer.Option(min=1000, max=20_000_000, help="Of each generated flow.", show_default=False)
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of the generated flows.", show_default=False)] = None,
    batch: Annotated[
        list[int] | None,
        typer.Option(min=0, help="Messages a call, 0: singly; can be repeated.", show_default=False),
    ] = None,
    capacity: Annotated[
        int | None, typer.Option(min=1024, max=1 << 24, help="Reports that the ring holds.", show_default=False)
    ] = None,
    library: Annotated[
        Path | None, typer.Option(help="Of this checkout; built if not given.", exists=True, dir_okay=False)
    ] = None,
    as_json: _AsJson = False,
) -> None:
    """The kernel behind its C interface: messages a second while another core drains the reports."""
    from bench.abi import measure

    batches = tuple(batch) if batch else None
    options = _given(rounds=rounds, messages=messages, seed=seed, batches=batches, capacity=capacity, library=library)
    _measure(as_json, lambda console: measure.run(console, measure.Settings(**options)))


@bench.command("engine")
def engine(
    rounds: _Rounds = None,
    seconds: Annotated[
        float | None, typer.Option(min=0.01, max=60, help="Of load at each rate.", show_default=False)
    ] = None,
    topology: Annotated[str, typer.Option(help="compact or sharded.")] = "compact",
    shards: Annotated[int, typer.Option(min=1, max=64, help="Matchers.")] = 1,
    risk: Annotated[bool, typer.Option("--risk", help="With settled symbols, and every limit set.")] = False,
    metrics: Annotated[
        bool, typer.Option("--metrics", help="Instead: at saturation with all metrics, and without.")
    ] = False,
    data_dir: _DataDirectory = None,
    as_json: _AsJson = False,
) -> None:
    """The whole core in its processes: throughput and latency from the planned send, up to saturation."""
    from bench import engine as benchmark
    from bench import watched

    if topology not in {"compact", "sharded"}:
        raise typer.BadParameter(f"{topology!r} is neither compact nor sharded", param_hint="--topology")
    options = _given(rounds=rounds, seconds=seconds, topology=topology, shards=shards, data_directory=data_dir)
    options["risk"] = risk
    measured = watched.run if metrics else benchmark.run
    _measure(as_json, lambda console: measured(console, benchmark.Settings(**options)))


@bench.command("journal")
def journal(
    rounds: _Rounds = None,
    seconds: Annotated[
        float | None, typer.Option(min=0.01, max=60, help="Of load at each level and rate.", show_default=False)
    ] = None,
    data_dir: _DataDirectory = None,
    as_json: _AsJson = False,
) -> None:
    """How long an acknowledgement takes at each level of the journal: memory, group and each, in turns."""
    from bench import journal as benchmark

    options = _given(rounds=rounds, seconds=seconds, data_directory=data_dir)
    _measure(as_json, lambda console: benchmark.run(console, benchmark.Settings(**options)))


@bench.command("recovery")
def recovery(
    rounds: _Rounds = None,
    commands: Annotated[
        int | None, typer.Option(min=1000, max=40_000_000, help="Of the plain market.", show_default=False)
    ] = None,
    resting: Annotated[
        int | None, typer.Option(min=1000, max=1_300_000, help="Orders of the deep market.", show_default=False)
    ] = None,
    orders: Annotated[
        int | None, typer.Option(min=1000, max=20_000_000, help="Of the settled market.", show_default=False)
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of the generated flows.", show_default=False)] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(
            "--data-dir",
            help="Where the journals and snapshots are put for the time being; the system's temporary directory if not "
            "given.",
            exists=True,
            file_okay=False,
        ),
    ] = None,
    as_json: _AsJson = False,
) -> None:
    """How quickly a venue comes back from its log and from a snapshot, part by part, on one core."""
    from bench import recovery as benchmark

    options = _given(
        rounds=rounds, commands=commands, resting=resting, orders=orders, seed=seed, data_directory=data_dir
    )
    _measure(as_json, lambda console: benchmark.run(console, benchmark.Settings(**options)))


@bench.command("takeover")
def takeover(
    kills: Annotated[int | None, typer.Option(min=1, max=10_000, help="Of each venue.", show_default=False)] = None,
    level: Annotated[
        list[str] | None, typer.Option(help="Of the journal: memory, group or each; can be repeated.")
    ] = None,
    topology: Annotated[list[str] | None, typer.Option(help="compact or sharded; can be repeated.")] = None,
    rate: Annotated[int | None, typer.Option(min=100, max=100_000, help="Orders a second.", show_default=False)] = None,
    data_dir: _DataDirectory = None,
    as_json: _AsJson = False,
) -> None:
    """How long the venue stands still when a worker is killed and the standby takes its place."""
    from bench import takeover as benchmark

    venues = dict(levels=tuple(level) if level else None, topologies=tuple(topology) if topology else None)
    options = _given(kills=kills, **venues, rate=rate, data_directory=data_dir)
    _measure(as_json, lambda console: benchmark.run(console, benchmark.Settings(**options)))


@bench.command("gateway")
def gateway(rounds: _Rounds = None, data_dir: _DataDirectory = None, as_json: _AsJson = False) -> None:
    """A WebSocket order to its execution report, beside a bare aiohttp echo of the same bytes."""
    from bench import gateway as benchmark

    options = _given(rounds=rounds, data_directory=data_dir)
    _measure(as_json, lambda console: benchmark.run(console, benchmark.Settings(**options)))
