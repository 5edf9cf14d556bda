"""The tables of docs/reliability.md, made from the results of the parts that were run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from bench import recovery, takeover

BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"
"""Between these lines of the document stands nothing written by hand."""


class MarkersMissingError(Exception):
    """The document does not say where its figures stand."""


def replace_figures(document: str, found: dict[str, Any]) -> str:
    """The document with the tables of these results, by part. Raises MarkersMissingError."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise MarkersMissingError(f"the document has no lines {BEGIN} and {END}")
    figures = "\n\n".join(_section(name, found.get(name)) for name in PARTS)
    return f"{before}{BEGIN}\n\n{figures}\n\n{END}{after}"


def _section(name: str, kept: dict[str, Any] | None) -> str:
    title, tables = PARTS[name]
    if kept is None:
        return f"### {title}\n\nNot run."
    host = kept["machine"]
    lines = [
        f"### {title}",
        "",
        f"{kept['began']} UTC, {_duration(kept['seconds'])}; {host['cpu']}, {host['usable_cores']} cores, "
        f"Linux {host['kernel']}, Python {host['python']}, load {host['load_average']} at the end.",
    ]
    if not kept["passed"]:
        lines += ["", "**Failed**: what the run said is on its terminal."]
    if kept["result"]:
        lines += ["", *tables(kept["result"])]
    return "\n".join(lines)


def _duration(seconds: int) -> str:
    hours, minutes = seconds // 3600, seconds % 3600 // 60
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds % 60} s"


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [headings, ["---"] + ["---:"] * (len(headings) - 1), *rows]
    return ["| " + " | ".join(line) + " |" for line in lines]


def _simulation(result: dict[str, Any]) -> list[str]:
    found = result["found"]
    told = f"{len(found)} of them found something: {', '.join(map(str, found))}" if found else "none found anything"
    rows = [(what, f"{number:,}") for what, number in result["counts"].items()]
    canaries = [(name, "not found" if seeds is None else f"{seeds}") for name, seeds in result["canaries"].items()]
    return [
        f"{result['seeds']:,} seeds from {result['first']} on; {told}.",
        "",
        *_table(("what happened in them", "times"), rows),
        "",
        *_table(("planted fault", "seeds until it was found"), canaries),
    ]


def _kills(result: dict[str, Any]) -> list[str]:
    names = {
        "takeover_seconds": "a worker of the core killed, until the standby serves in its place",
        "replaced_seconds": "a worker stopped for long, until it has been replaced",
        "restart_seconds": "the supervisor or everything killed, until the venue runs again",
        "ready_seconds": "a worker killed, until its successor is ready",
    }
    spreads = [(text, result.get(name)) for name, text in names.items()]
    times = [
        (text, *(f"{spread[unit]:.3f}" for unit in ("median", "p99", "max"))) for text, spread in spreads if spread
    ]
    return [
        f"{result['kills']:,} kills and {result['pauses']:,} pauses in {result['campaigns']:,} venues, while clients "
        f"noted {result['answers']:,} answers; seed {result['seed']}. With the load of the clients on the same cores.",
        "",
        *_table(("killed or paused", "times"), [(name, f"{times:,}") for name, times in result["by_worker"].items()]),
        "",
        *_table(("seconds", "median", "p99", "max"), times),
    ]


def _journal(result: dict[str, Any]) -> list[str]:
    rows = [
        (
            f"`{one['level']}`",
            f"{one['offered_per_second']:,}",
            *(f"{one[unit] / 1000:,.0f}" for unit in ("p50_ns", "p99_ns", "p999_ns", "max_ns")),
            f"{one['orders']:,}",
        )
        for one in result["runs"]
    ]
    writes = [
        (
            f"`{level}`",
            *(f"{seen['sync_ns'][unit] / 1000:,.1f}" for unit in ("p50", "p99", "max")),
            *(f"{seen['records'][unit]:,}" for unit in ("p50", "max")),
        )
        for level, seen in result["writes"].items()
    ]
    return [
        f"Microseconds; medians of {result['rounds']} rounds, the worst maximum. {result['topology']}.",
        "",
        *_table(("level", "orders a second", "p50", "p99", "p99.9", "max", "orders"), rows),
        "",
        *_table(("one write of the journal", "p50", "p99", "max", "records p50", "records max"), writes),
    ]


def _recovery(result: dict[str, Any]) -> list[str]:
    goals, rows = result["goals"], []
    for market, one in result["markets"].items():
        for name, measured in one["passes"].items():
            took = f"{measured['records']:,}", f"{measured['seconds']:.2f}"
            rows.append((market, name, *took, *recovery.rates(measured)))
    markets = [
        (name, *(f"{one[what]:,}" for what in ("commands", "events", "resting")), f"{one['snapshot_bytes'] / 1e6:.1f}")
        for name, one in result["markets"].items()
    ]
    return [
        f"The aims: {goals['per_second'] / 1e6:.0f} million commands a second on one core; 10 million commands, or 1 "
        f"million resting orders, back within {goals['seconds']:.0f} s.",
        "",
        *_table(("market", "commands", "events", "orders resting", "snapshot MB"), markets),
        "",
        *_table(("market", "pass", "records", "seconds", "million a second", "by CPU time"), rows),
    ]


def _takeover(result: dict[str, Any]) -> list[str]:
    return [
        f"{result['kills']} kills each; {result['market']}. Aim: ready within {result['goal_ms']:.0f} ms.",
        "",
        *_table(*takeover.table(result["venues"])),
    ]


PARTS: dict[str, tuple[str, Callable[[dict[str, Any]], list[str]]]] = {
    "simulation": ("Simulated venues", _simulation),
    "kills": ("Killed processes", _kills),
    "journal": ("Acknowledgement at each level of the journal", _journal),
    "recovery": ("Coming back from the log and from a snapshot", _recovery),
    "takeover": ("A standby's takeover", _takeover),
}
"""By part the heading of its section, and what makes the section of its result."""
