"""The sections of the configuration and their types; the neutral values stand in config/base.yaml."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from tradsys.configuration.calendars import CalendarEntry
from tradsys.configuration.money import (
    AssetEntry,
    BreakerEntry,
    DepositEntry,
    FeeClass,
    FeesEntry,
    Group,
    Kind,
    LimitEntry,
    Role,
    TierEntry,
)
from tradsys.configuration.monitoring import Monitoring
from tradsys.ledger.terms import AccountKind
from tradsys.records import SLOT_MASK, MarketState, TriggerSource
from tradsys.symbols import Account, Rules, Symbol

VERSION = 1
"""Of the format of configuration files: raised when a key changes its meaning."""

SHARDS_MAX = 64
RINGS_MAX = 250
"""Gateway rings: the `source` byte of a command names one, and a few numbers stay free for the venue itself."""

_POOL_MAX = 1 << 26
_WIDTH_BPS_MAX = 1_000_000
_Ring = Annotated[int, Meta(ge=64, le=1 << 26)]
_Width = Annotated[int, Meta(ge=0, le=_WIDTH_BPS_MAX)]

Opens = Literal["pre_open", "opening_auction", "continuous", "halt", "closing_auction", "closed"]


class Topology(Struct, frozen=True, forbid_unknown_fields=True):
    """Which stages run in which process; "auto" chooses from the number of cores.

    With a standby the journal is a process of its own, and "auto" means "compact". Whose place the standby can take is
    given up when his heart has stopped for `standby_patience_ms`.
    """

    kind: Literal["auto", "compact", "sharded"] = "auto"
    shards: Annotated[int, Meta(ge=1, le=SHARDS_MAX)] = 1
    pin: bool = True
    standby: bool = False
    standby_patience_ms: Annotated[int, Meta(ge=50, le=60_000)] = 1000
    idle: Literal["auto", "spin", "yield", "backoff", "park"] = "auto"


class Pools(Struct, frozen=True, forbid_unknown_fields=True):
    """What is allocated at the start; nothing grows later."""

    orders_per_shard: Annotated[int, Meta(ge=16, le=SLOT_MASK)] = 262_144
    level_pages_per_shard: Annotated[int, Meta(ge=16, le=1 << 22)] = 16_384
    directory_entries_per_shard: Annotated[int, Meta(ge=16, le=_POOL_MAX)] = 262_144
    symbols_max: Annotated[int, Meta(ge=1, le=65_535)] = 1024
    accounts_max: Annotated[int, Meta(ge=1, le=1 << 24)] = 65_536
    assets_max: Annotated[int, Meta(ge=1, le=4095)] = 15
    positions_max: Annotated[int, Meta(ge=16, le=1 << 26)] = 65_536
    postings_max: Annotated[int, Meta(ge=16, le=1 << 26)] = 262_144
    limit_rows_max: Annotated[int, Meta(ge=1, le=1 << 24)] = 4096
    groups_max: Annotated[int, Meta(ge=1, le=1 << 20)] = 1024
    recent_client_ids: Annotated[int, Meta(ge=0, le=1 << 26)] = 65_536


class Rings(Struct, frozen=True, forbid_unknown_fields=True):
    """Records that the rings between processes hold: the log, each shard's events, each gateway's commands."""

    log: _Ring = 65_536
    events: _Ring = 131_072
    gateway: _Ring = 16_384


class Journal(Struct, frozen=True, forbid_unknown_fields=True):
    """How durable an acknowledged order is: page cache, grouped fdatasync, or one fdatasync each."""

    level: Literal["memory", "group", "each"] = "group"
    segment_bytes: Annotated[int, Meta(ge=65_536, le=1 << 32)] = 67_108_864
    stuck_ms: Annotated[int, Meta(ge=10, le=60_000)] = 1000


class Snapshots(Struct, frozen=True, forbid_unknown_fields=True):
    """When the venue's state is written to disk, so that a start need not read the whole log, and what is kept."""

    interval_seconds: Annotated[int, Meta(ge=0, le=10_000_000)] = 900
    records_min: Annotated[int, Meta(ge=1)] = 100_000
    on_stop: bool = False
    keep: Annotated[int, Meta(ge=1, le=1000)] = 3
    keep_hours: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    segments: Literal["keep", "archive", "drop"] = "keep"
    archive: str = ""


class History(Struct, frozen=True, forbid_unknown_fields=True):
    """The process that writes orders, trades and transfers into an SQL database in the data directory."""

    enabled: bool = False


class Gateway(Struct, frozen=True, forbid_unknown_fields=True):
    """The edge: addresses and limits. Port 0 lets the system choose."""

    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535)] = 8080
    count: Annotated[int, Meta(ge=1, le=RINGS_MAX)] = 1
    spare_rings: Annotated[int, Meta(ge=0, le=RINGS_MAX)] = 4
    frame_bytes_max: Annotated[int, Meta(ge=256, le=1 << 24)] = 65_536
    depth_levels_max: Annotated[int, Meta(ge=1, le=100_000)] = 1000
    trades_kept: Annotated[int, Meta(ge=1, le=10_000_000)] = 1000
    finished_orders_kept: Annotated[int, Meta(ge=1, le=100_000_000)] = 100_000


class Clock(Struct, frozen=True, forbid_unknown_fields=True):
    """How often time enters the log."""

    tick_ms: Annotated[int, Meta(ge=1, le=60_000)] = 250


class Performance(Struct, frozen=True, forbid_unknown_fields=True):
    """What workers ask of the host beyond cores (see Topology). `lock_memory`: of what they have touched."""

    lock_memory: bool = False


class Logging(Struct, frozen=True, forbid_unknown_fields=True):
    """What is logged to stderr, and in which form; "auto": journald under systemd, console on a terminal, else JSON."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "console", "json", "journald"] = "auto"


class Security(Struct, frozen=True, forbid_unknown_fields=True):
    """Where secrets come from. `secrets_file` "": secrets/<environment>.env beside base.yaml, when it is there."""

    secrets_file: str = ""
    clear_text: bool = True


class RulesEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """A symbol's trading rules: widths in basis points, 0: none. They hold from every start on, as they then stand."""

    static_band_bps: _Width = 0
    dynamic_band_bps: _Width = 0
    collar_bps: _Width = 0
    orders_max: Annotated[int, Meta(ge=0, le=SLOT_MASK)] = 0
    trigger_source: Literal["last", "touch"] = "last"
    breach_state: Literal["halt", "opening_auction", "closing_auction"] = "halt"

    def rules(self) -> Rules:
        """The rules as the core takes them."""
        return Rules(
            self.static_band_bps,
            self.dynamic_band_bps,
            self.collar_bps,
            self.orders_max,
            TriggerSource[self.trigger_source.upper()],
            MarketState[self.breach_state.upper()],
        )


class SymbolEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """A symbol to define at the start. Prices and sizes are decimal strings.

    With `base` and `quote`, names of assets, it is settled; its fees go to `fee_account`, or to the first of that kind.
    """

    name: str
    tick_size: str
    lot_size: str
    lowest_price: str
    highest_price: str
    reference_price: str
    opens: Opens = "continuous"
    base: str = ""
    quote: str = ""
    fee_account: str = ""
    rules: RulesEntry = RulesEntry()

    def symbol(self, id: int) -> Symbol:
        """The symbol with this number. Raises ValueError or ValidationError when the values do not fit."""
        return Symbol.from_text(
            id,
            self.name,
            tick_size=self.tick_size,
            lot_size=self.lot_size,
            lowest_price=self.lowest_price,
            highest_price=self.highest_price,
            reference_price=self.reference_price,
            state=MarketState[self.opens.upper()],
        )


class AccountEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """An account to define at the start, the keys that stand for it, and its trade group (0: none).

    Without a role it trades for itself. Its deposits are made once.
    """

    name: str
    keys: list[str] = []
    group: Group = 0
    kind: Kind = "client"
    fee_class: FeeClass = 0
    roles: list[Role] = []
    deposits: list[DepositEntry] = []

    def account(self, id: int) -> Account:
        """The account with this number."""
        return Account(id, self.name, self.group, AccountKind[self.kind.upper()], self.fee_class)


class Configuration(Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that can be configured. Symbols, accounts and assets are numbered from 1 in the order given.

    `version` is of the format of these files.
    """

    version: Annotated[int, Meta(ge=1, le=VERSION)] = VERSION
    environment: Literal["development", "testing", "staging", "production"] = "development"
    topology: Topology = Topology()
    pools: Pools = Pools()
    rings: Rings = Rings()
    journal: Journal = Journal()
    snapshots: Snapshots = Snapshots()
    history: History = History()
    gateway: Gateway = Gateway()
    clock: Clock = Clock()
    performance: Performance = Performance()
    logging: Logging = Logging()
    security: Security = Security()
    monitoring: Monitoring = Monitoring()
    symbols: list[SymbolEntry] = []
    accounts: list[AccountEntry] = []
    assets: list[AssetEntry] = []
    fees: list[FeesEntry] = []
    fee_tiers: list[TierEntry] = []
    limits: list[LimitEntry] = []
    breakers: list[BreakerEntry] = []
    calendars: list[CalendarEntry] = []

    def symbol_list(self) -> list[Symbol]:
        """The symbols, numbered from 1."""
        return [entry.symbol(number) for number, entry in enumerate(self.symbols, 1)]

    def account_list(self) -> list[Account]:
        """The accounts, numbered from 1."""
        return [entry.account(number) for number, entry in enumerate(self.accounts, 1)]

    def roles_of_account(self) -> dict[str, frozenset[str]]:
        """The roles of each account, by its name."""
        return {entry.name: frozenset(entry.roles) for entry in self.accounts}
