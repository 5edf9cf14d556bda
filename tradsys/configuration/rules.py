"""What must hold between values of the configuration, beyond the type of each."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

from tradsys.configuration.calendars import calendar_rules
from tradsys.configuration.constraints import broken_constraints, this_host
from tradsys.configuration.mistakes import Mistake, Path, shown
from tradsys.configuration.money_rules import money_rules
from tradsys.configuration.monitoring import monitoring_rules
from tradsys.configuration.secrets import FINGERPRINT, REFERENCE, fingerprint
from tradsys.configuration.sections import Configuration, SymbolEntry
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
    for broken in broken_constraints(configuration, this_host()):
        if not any(_within(read, other) for read in [broken.path, *broken.reads] for other in spoiled):
            mistakes.append(_mistake(broken.path, broken.value, broken.problem, broken.remedy, layers))
            spoiled.append(broken.path)  # one thing at a time about each value
    for rule in (_symbols, _accounts, _keys, _monitoring, calendar_rules):
        for path, value, problem, remedy in rule(configuration):
            if not any(_within(path, other) or _within(other, path) for other in spoiled):
                mistakes.append(_mistake(path, value, problem, remedy, layers))
    if not known and not mistakes:  # amounts cannot be judged while the scales that they are in are wrong
        for path, value, problem, remedy in money_rules(configuration):
            mistakes.append(_mistake(path, value, problem, remedy, layers))
    return mistakes


def _mistake(path: Path, value: Any, problem: str, remedy: str, layers: Layers) -> Mistake:
    return Mistake(path, "" if value is None else shown(path, value), problem, remedy, layers.source_of(path))


def _within(path: Path, other: Path) -> bool:
    return path[: len(other)] == other


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
            if key.startswith(REFERENCE):
                continue  # to a secret that there is not: that is told
            path = ("accounts", number, "keys", place)
            if not 0 < len(key) <= KEY_LENGTH_MAX or not key.isascii() or not key.isprintable() or " " in key:
                remedy = f"write 1 to {KEY_LENGTH_MAX} printable ASCII characters without spaces"
                yield path, key, "cannot stand in a header", remedy
                continue
            known_as = key if key.startswith(FINGERPRINT) else fingerprint(key)
            if known_as in owners:
                yield path, key, f"is already a key of {owners[known_as]!r}", "give each account keys of its own"
            owners.setdefault(known_as, entry.name)


def _monitoring(configuration: Configuration) -> Iterator[_Broken]:
    yield from monitoring_rules(configuration.monitoring)


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
