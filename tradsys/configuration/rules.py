"""What must hold between values of the configuration, beyond the type of each."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

from tradsys.configuration.mistakes import Mistake, Path, shown
from tradsys.configuration.money_rules import money_rules
from tradsys.configuration.sections import RINGS_MAX, Configuration, SymbolEntry
from tradsys.configuration.sources import Layers
from tradsys.decimals import parse_step, parse_units
from tradsys.errors import TradingError
from tradsys.records import PRICE_MAX, PRICE_MIN
from tradsys.symbols import ACCOUNT_NAME_BYTES_MAX, STEP_UNITS_MAX, SYMBOL_NAME_BYTES_MAX, check_name

KEY_LENGTH_MAX = 128
LEVELS_PER_PAGE = 64

_Broken = tuple[Path, Any, str, str]
_STEP_REMEDY = 'write a positive decimal number in quotes, such as "0.01"'


def broken_rules(configuration: Configuration, layers: Layers, known: list[Mistake]) -> list[Mistake]:
    """The rules that the configuration breaks, except about values that are among the `known` mistakes."""
    spoiled = [mistake.path for mistake in known]
    mistakes = []
    for rule in (_rings, _standby, _totals, _symbols, _accounts, _keys):
        for path, value, problem, remedy in rule(configuration):
            if not any(_within(path, other) or _within(other, path) for other in spoiled):
                mistakes.append(Mistake(path, shown(path, value), problem, remedy, layers.source_of(path)))
    if not known and not mistakes:  # amounts cannot be judged while the scales that they are in are wrong
        for path, value, problem, remedy in money_rules(configuration):
            mistakes.append(Mistake(path, shown(path, value), problem, remedy, layers.source_of(path)))
    return mistakes


def _within(path: Path, other: Path) -> bool:
    return path[: len(other)] == other


def _rings(configuration: Configuration) -> Iterator[_Broken]:
    for name in ("log_ring", "event_ring", "gateway_ring"):
        size = getattr(configuration.pools, name)
        if size & (size - 1):
            lower = 1 << (size.bit_length() - 1)
            yield ("pools", name), size, "must be a power of two", f"set it to {lower} or {2 * lower}"
    if configuration.journal.segment_bytes % 4096:
        path = ("journal", "segment_bytes")
        yield path, configuration.journal.segment_bytes, "must be a multiple of 4096", "set it to 67108864"


def _standby(configuration: Configuration) -> Iterator[_Broken]:
    if configuration.topology.standby and configuration.topology.kind == "sharded":
        remedy = "set topology.kind to compact, or leave the standby out"
        yield (
            ("topology", "standby"),
            True,
            "takes the place of an engine, and there is none in a sharded venue",
            remedy,
        )


def _totals(configuration: Configuration) -> Iterator[_Broken]:
    gateway, pools = configuration.gateway, configuration.pools
    if gateway.count + gateway.spare_rings > RINGS_MAX:
        remedy = f"lower it, or gateway.count: together they may be {RINGS_MAX}"
        yield ("gateway", "spare_rings"), gateway.spare_rings, "makes too many rings", remedy
    for section, limit in (("symbols", "symbols_max"), ("accounts", "accounts_max")):
        count, most = len(getattr(configuration, section)), getattr(pools, limit)
        if count > most:
            yield ("pools", limit), most, f"is too small for the {count} {section} configured", f"set it to {count}"


def _symbols(configuration: Configuration) -> Iterator[_Broken]:
    yield from _repeated(("symbols",), [entry.name for entry in configuration.symbols])
    pages = 0
    for number, entry in enumerate(configuration.symbols):
        path = ("symbols", number)
        yield from _name((*path, "name"), entry.name, SYMBOL_NAME_BYTES_MAX)
        yield from _step((*path, "lot_size"), entry.lot_size)
        bad_tick = list(_step((*path, "tick_size"), entry.tick_size))
        yield from bad_tick
        if not bad_tick:
            width = yield from _prices(path, entry)
            pages += 2 * (width // LEVELS_PER_PAGE + 2)
    capacity = configuration.pools.directory_entries_per_shard * configuration.topology.shards
    if pages > capacity:
        remedy = f"set it to {-(-pages // configuration.topology.shards)}, or narrow the price ranges"
        place = ("pools", "directory_entries_per_shard")
        yield place, configuration.pools.directory_entries_per_shard, "is too small for the price ranges", remedy


def _step(path: Path, text: str) -> Iterator[_Broken]:
    try:
        _, units = parse_step(text)
    except ValueError as error:
        yield path, text, str(error), _STEP_REMEDY
    else:
        if units > STEP_UNITS_MAX:
            yield path, text, f"has more than {STEP_UNITS_MAX} units of its last digit", _STEP_REMEDY


def _prices(path: Path, entry: SymbolEntry) -> Generator[_Broken, None, int]:
    """Yields what is broken and returns the number of ticks in the range."""
    decimals, units = parse_step(entry.tick_size)
    ticks: dict[str, int] = {}
    for name in ("lowest_price", "highest_price", "reference_price"):
        text = getattr(entry, name)
        try:
            ticks[name] = parse_units(text, decimals, units)
        except TradingError as error:
            yield (*path, name), text, error.message, f"write a multiple of {entry.tick_size} in quotes"
            continue
        if not PRICE_MIN <= ticks[name] <= PRICE_MAX:
            yield (*path, name), text, f"is beyond {PRICE_MAX} ticks", "lower it, or choose a larger tick_size"
            del ticks[name]
    if len(ticks) < 3:
        return 0
    lowest, highest, reference = ticks.values()
    if lowest >= highest:
        remedy = f"set it below highest_price {entry.highest_price}"
        yield (*path, "lowest_price"), entry.lowest_price, "leaves no price range", remedy
        return 0
    if not lowest <= reference <= highest:
        remedy = f"set it within {entry.lowest_price} to {entry.highest_price}"
        yield (*path, "reference_price"), entry.reference_price, "is outside the price range", remedy
    return highest - lowest + 1


def _accounts(configuration: Configuration) -> Iterator[_Broken]:
    yield from _repeated(("accounts",), [entry.name for entry in configuration.accounts])
    for number, entry in enumerate(configuration.accounts):
        yield from _name(("accounts", number, "name"), entry.name, ACCOUNT_NAME_BYTES_MAX)


def _keys(configuration: Configuration) -> Iterator[_Broken]:
    owners: dict[str, str] = {}
    for number, entry in enumerate(configuration.accounts):
        for place, key in enumerate(entry.keys):
            path = ("accounts", number, "keys", place)
            if not 0 < len(key) <= KEY_LENGTH_MAX or not key.isascii() or not key.isprintable() or " " in key:
                remedy = f"write 1 to {KEY_LENGTH_MAX} printable ASCII characters without spaces"
                yield path, key, "cannot stand in a header", remedy
            elif key in owners:
                yield path, key, f"is already a key of {owners[key]!r}", "give each account keys of its own"
            owners.setdefault(key, entry.name)


def _name(path: Path, name: str, bytes_max: int) -> Iterator[_Broken]:
    try:
        check_name(name, bytes_max)
    except ValueError as error:
        yield path, name, str(error), "choose another name"


def _repeated(path: Path, names: list[str]) -> Iterator[_Broken]:
    first: dict[str, int] = {}
    for number, name in enumerate(names):
        if first.setdefault(name, number) != number:
            yield (*path, number, "name"), name, f"is already the name of number {first[name]}", "rename or remove one"
