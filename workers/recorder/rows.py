"""What a part of the log says that the history keeps: definitions, postings, and the events of every shard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tradsys.assets import Asset
from tradsys.ledger.terms import PostingKind
from tradsys.records import ACCOUNT_DEFINITION, DETAILS, LEDGER_RECORD, SYMBOL_DEFINITION, EventFlag, EventKind, Kind
from workers.recorder.orders import SIDES, Order, Told, reason_word

_KINDS = (
    EventKind.ACCEPTED,
    EventKind.TERMS,
    EventKind.RESTED,
    EventKind.TRADE,
    EventKind.TRIGGERED,
    EventKind.PREVENTED,
    EventKind.CANCELLED,
    EventKind.AMENDED,
)
_SELL, _AUCTION = int(EventFlag.SELL), int(EventFlag.AUCTION)
_POSTINGS = {int(kind): kind.name.lower() for kind in PostingKind}
Row = tuple[Any, ...]


class Rows:
    """Gathers what is to be written next."""

    def __init__(self) -> None:
        self.symbols: list[Row] = []
        self.accounts: list[Row] = []
        self.assets: list[Row] = []
        self.transfers: list[Row] = []
        """All but `moved`, in the order of the log."""
        self.orders: list[Order] = []
        """That rest where a history begins."""
        self._events: list[tuple[int, int, Any]] = []

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be written but how far the log was read."""
        tables = (self.symbols, self.accounts, self.assets, self.transfers, self.orders, self._events)
        return not any(tables)

    def take_records(self, records: Any) -> None:
        """The definitions and postings among these records of the log (COMMAND)."""
        plain = records.view(np.ndarray)
        accepted = plain["reason"] == 0
        self.take_symbols(plain[accepted & (plain["kind"] == Kind.SYMBOL)].view(SYMBOL_DEFINITION))
        self.take_accounts(plain[accepted & (plain["kind"] == Kind.ACCOUNT)].view(ACCOUNT_DEFINITION))
        for record in plain[accepted & (plain["kind"] == Kind.ASSET)].view(DETAILS):
            name = bytes(record["asset_name"]).decode("ascii")
            self.assets.append((int(record["asset"]), int(record["sequence"]), name, int(record["decimals"])))
        self.take_postings(plain[plain["kind"] == Kind.POSTING].view(LEDGER_RECORD))

    def take_symbols(self, definitions: Any) -> None:
        """SYMBOL_DEFINITION records."""
        fields = ("symbol", "sequence", "name", "price_decimals", "tick_units", "quantity_decimals", "lot_units")
        for record in definitions:
            assert record["symbol"] > 0, "symbols are numbered from 1"
            self.symbols.append(tuple(_value(record[field]) for field in fields))

    def take_accounts(self, definitions: Any) -> None:
        """ACCOUNT_DEFINITION records."""
        for record in definitions:
            assert record["account"] > 0, "accounts are numbered from 1"
            self.accounts.append(tuple(_value(record[field]) for field in ("account", "sequence", "name")))

    def take_asset(self, asset: Asset, sequence: int) -> None:
        """An asset that the ledger knows at this log sequence."""
        assert asset.id > 0, "assets are numbered from 1"
        self.assets.append((asset.id, sequence, asset.name, asset.decimals))

    def take_postings(self, postings: Any) -> None:
        """POSTING records, LEDGER_RECORD: also those that were refused."""
        for record in postings:
            kind = int(record["posting_kind"])
            self.transfers.append(
                (
                    int(record["sequence"]),
                    int(record["timestamp_ns"]),
                    _POSTINGS.get(kind, str(kind)),
                    *(int(record[name]) for name in ("number", "account", "target", "asset", "amount", "reference")),
                    reason_word(int(record["reason"])),
                    int(record["source"]),
                    int(record["request"]),
                )
            )

    def take_events(self, shard: int, first: int, events: Any) -> None:
        """Events of a shard, EVENT, of which `first` is the number of the first."""
        assert first >= 1, "events are numbered from 1"
        assert shard >= 0, "one of the shards"
        wanted = np.flatnonzero(np.isin(events["kind"], _KINDS))
        if len(wanted):
            mine = events[wanted]
            columns = [(first + wanted).tolist(), *(mine[name].tolist() for name in Told._fields[1:])]
            self._events.append((shard, len(wanted), columns))

    def told(self) -> Iterator[tuple[int, Told]]:
        """The events that orders and trades follow from, each with its shard, those of a shard in their order."""
        for shard, count, columns in self._events:
            assert len(columns) == len(Told._fields), "every field has a column"
            assert all(len(column) == count for column in columns), "every event has every field"
            for values in zip(*columns, strict=True):
                yield shard, Told(*values)


def trade_row(shard: int, event: Told) -> Row:
    """The row of a TRADE. In an auction there is no aggressor: `order_id` is the buyer's."""
    assert event.kind == EventKind.TRADE, "only a trade is one"
    assert event.quantity_lots > 0, "something changes hands"
    return (
        shard,
        event.number,
        event.log_sequence,
        event.timestamp_ns,
        event.symbol,
        event.price_ticks,
        event.quantity_lots,
        None if event.flags & _AUCTION else SIDES[event.flags & _SELL],
        event.flags,
        event.order_id,
        event.account,
        event.counter_order_id,
        event.counter_account,
        event.source,
        event.request,
    )


def _value(field: Any) -> Any:
    value = field.item()
    return value.decode("ascii") if isinstance(value, bytes) else value
