"""What flows: commands, events, trades, rings and their readers, what gateways and the ledger count."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from workers.observation import Observation

_GATEWAY_COUNTERS = {
    "commands sent": ("tradsys_gateway_commands", "Commands that a gateway has sent to the core.", ""),
    "commands refused": ("tradsys_gateway_refusals", "Commands that the core has refused.", ""),
    "ring full": ("tradsys_gateway_errors", "Requests that the venue could not serve.", "busy"),
    "refused without journal": ("tradsys_gateway_errors", "", "journal_unavailable"),
    "unanswered in time": ("tradsys_gateway_errors", "", "timeout"),
    "lapped": ("tradsys_gateway_lapped", "How often a gateway lost its place in the events, and caught up.", ""),
}
_GATEWAY_SOCKETS = "sockets open"


def metrics(seen: Observation) -> Iterator[Metric]:
    """All of it."""
    yield from _log(seen)
    yield from _shards(seen)
    yield from _rings(seen)
    yield from _gateways(seen)
    yield from _refusals(seen)
    yield from _ledger(seen)


def _log(seen: Observation) -> Iterator[Metric]:
    assert seen.log >= 0, "records are numbered from 1"
    assert seen.inbound >= 0, "commands are counted from 0"
    yield CounterMetricFamily("tradsys_commands", "Commands that the sequencer has taken in.", value=seen.inbound)
    yield GaugeMetricFamily("tradsys_log_sequence", "The log's last sequence number.", value=seen.log)
    yield GaugeMetricFamily(
        "tradsys_journaled_sequence", "The last sequence number that is durable.", value=seen.journaled
    )
    yield GaugeMetricFamily(
        "tradsys_journal_lag_records",
        "Records of the log that are not durable yet.",
        value=max(seen.log - seen.journaled, 0),
    )


def _shards(seen: Observation) -> Iterator[Metric]:
    commands = CounterMetricFamily("tradsys_shard_commands", "Commands that a shard has carried out.", labels=["shard"])
    events = CounterMetricFamily("tradsys_events", "Events that a shard has told.", labels=["shard"])
    trades = CounterMetricFamily("tradsys_trades", "Trades of a shard.", labels=["shard"])
    lag = GaugeMetricFamily("tradsys_shard_lag_records", "Records of the log that a shard is behind.", labels=["shard"])
    assert [shard.number for shard in seen.shards] == list(range(len(seen.shards))), "shards are numbered from 0"
    for shard in seen.shards:
        assert shard.trades >= 0, "trades are counted from 0"
        label = [str(shard.number)]
        commands.add_metric(label, shard.commands)
        events.add_metric(label, shard.events)
        trades.add_metric(label, shard.trades)
        lag.add_metric(label, max(seen.log - shard.position, 0))
    yield from (commands, events, trades, lag)


def _rings(seen: Observation) -> Iterator[Metric]:
    waiting = GaugeMetricFamily(
        "tradsys_ring_waiting_records", "Records that the slowest reader has not done with.", labels=["ring"]
    )
    capacity = GaugeMetricFamily("tradsys_ring_capacity_records", "Records that a ring holds.", labels=["ring"])
    assert len({ring.name for ring in seen.rings}) == len(seen.rings), "every ring has a name of its own"
    for ring in seen.rings:
        assert ring.capacity > 0, "a ring has room"
        waiting.add_metric([ring.name], ring.waiting)
        capacity.add_metric([ring.name], ring.capacity)
    readers = GaugeMetricFamily(
        "tradsys_reader_lag_records", "Records that a reader that holds a ring up is behind.", labels=["ring", "reader"]
    )
    for reader in seen.readers:
        readers.add_metric([reader.ring, reader.name], reader.lag)
    yield from (waiting, capacity, readers)


def _gateways(seen: Observation) -> Iterator[Metric]:
    families: dict[str, CounterMetricFamily] = {}
    for name, description, code in _GATEWAY_COUNTERS.values():
        labels = ["gateway", "code"] if code else ["gateway"]
        families.setdefault(name, CounterMetricFamily(name, description, labels=labels))
    sockets = GaugeMetricFamily("tradsys_gateway_sockets", "WebSockets that are open.", labels=["gateway"])
    for counter, value in seen.counters.items():
        gateway, _, what = counter.partition(" ")
        if what in _GATEWAY_COUNTERS:
            assert value >= 0, "what a gateway counts only grows"
            assert gateway, "a gateway has a name"
            name, _, code = _GATEWAY_COUNTERS[what]
            families[name].add_metric([gateway, code] if code else [gateway], value)
        elif what == _GATEWAY_SOCKETS:
            sockets.add_metric([gateway], value)
    yield from families.values()
    yield sockets


def _refusals(seen: Observation) -> Iterator[Metric]:
    refusals = CounterMetricFamily("tradsys_refusals", "Commands that the core has refused.", labels=["reason"])
    for reason, count in seen.refusals.items():
        assert count > 0, "only what was refused is told"
        refusals.add_metric([reason], count)
    yield refusals


def _ledger(seen: Observation) -> Iterator[Metric]:
    count = seen.counters.get
    yield CounterMetricFamily(
        "tradsys_ledger_sums", "Sums of an asset over all accounts that were taken.", value=count("ledger_sums", 0)
    )
    yield GaugeMetricFamily(
        "tradsys_ledger_imbalanced_assets",
        "Assets whose last sum over all accounts was not 0.",
        value=count("ledger_imbalance", 0),
    )
    yield CounterMetricFamily(
        "tradsys_ledger_faults", "Events that did not fit what the ledger knew.", value=count("ledger_faults", 0)
    )
    yield CounterMetricFamily(
        "tradsys_ledger_lost", "Alerts and records of breakers that were lost.", value=count("ledger_lost", 0)
    )
