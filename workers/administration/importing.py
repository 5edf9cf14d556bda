"""A file of definitions, as an export writes it, laid over what a running venue has: what would change, and doing it.

What the file does not name stays. Nothing is changed when anything in the file cannot be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from msgspec import to_builtins
from msgspec.structs import replace

from tradsys.configuration import Configuration, InvalidConfigurationError
from tradsys.configuration.calendars import CalendarEntry
from tradsys.configuration.changes import LISTS, Change, changes, named
from tradsys.configuration.mistakes import HIDDEN, Mistake
from tradsys.configuration.money import Role
from tradsys.configuration.rules import broken_rules
from tradsys.configuration.sections import AccountEntry, SymbolEntry
from workers.administration.defining import account_record, symbol_record
from workers.administration.exporting import exported
from workers.administration.known import known_in
from workers.administration.sections import read_sections
from workers.definitions import known_symbols, missing_rules
from workers.ledger_definitions import Definition, missing_records
from workers.memory import VenueMemory
from workers.redefinition import changed_records


class Refused(NamedTuple):
    """A change that cannot be made, and why."""

    change: Change
    why: str


class Plan(NamedTuple):
    """What an import would do; nothing when `refused` is not empty."""

    before: Configuration
    after: Configuration
    changes: list[Change]
    refused: list[Refused]

    def told(self, is_dry_run: bool) -> dict[str, Any]:
        """What comes of it, as JSON."""
        refused = [to_builtins(each.change) | {"why": each.why} for each in self.refused]
        done = not self.refused and not is_dry_run
        return {"done": done, "changes": to_builtins(self.changes), "refused": refused}

    @property
    def roles(self) -> dict[str, list[Role]]:
        """By account the roles that it is to have, where they are others than before."""
        before = {entry.name: entry.roles for entry in self.before.accounts}
        return {entry.name: entry.roles for entry in self.after.accounts if entry.roles != before.get(entry.name, [])}

    @property
    def granted(self) -> set[str]:
        """The roles that an account is to have that did not have them."""
        before = {entry.name: entry.roles for entry in self.before.accounts}
        return {role for name, roles in self.roles.items() for role in roles if role not in before.get(name, ())}

    @property
    def calendars(self) -> list[CalendarEntry]:
        """Those that are new, or others than before."""
        return [entry for entry in self.after.calendars if entry not in self.before.calendars]


class Step(NamedTuple):
    """One record of an import: what it is for the trail, and what makes it when its turn comes."""

    act: str
    target: str
    record: Callable[[], Any]
    after: Any = None


def plan(memory: VenueMemory, configuration: Configuration, text: str, source: str) -> Plan:
    """What the `text` of a file would change in a venue in which this configuration counts.

    Raises InvalidConfigurationError with every mistake in it.
    """
    remedy = "write it into the venue's configuration"
    said, layers, mistakes = read_sections(text, source, LISTS, "cannot be imported", remedy)
    mistakes += [
        Mistake(("accounts", number, "keys"), HIDDEN, "cannot be imported", "tradsys key add makes keys", source)
        for number, entry in enumerate(said.accounts)
        if entry.keys
    ]
    if mistakes:
        raise InvalidConfigurationError(mistakes)
    before = exported(memory, configuration)
    after = _laid_over(before, said)
    mistakes = broken_rules(after, layers, [])
    if mistakes:
        raise InvalidConfigurationError(mistakes)
    found = changes(before, after)
    assert all(change.path.partition("[")[0] in LISTS for change in found), "definitions alone are changed"
    refused = [Refused(change, why) for change in found if (why := _why_not(change))]
    made = [change for change in found if not _why_not(change)]
    assert len(made) + len(refused) == len(found), "every change is made or refused"
    return Plan(before, after, made, refused)


def steps(memory: VenueMemory, made: Plan) -> Iterator[Step]:
    """What was planned for the log, in the order in which the core can take it; then roles and calendars can be set.

    Each is worked out when those before it stand.
    """
    assert not made.refused, "all of a file, or nothing"
    before, after = made.before, made.after
    for account in _added("accounts", before, after):
        yield Step("account.open", account.name, partial(account_record, memory, account), to_builtins(account))
    for symbol in _added("symbols", before, after):
        yield Step("symbol.add", symbol.name, partial(symbol_record, memory, symbol), to_builtins(symbol))
    symbols = known_symbols(memory)
    names = {symbol.id: symbol.name for symbol in symbols}
    assert {symbol.name for symbol in after.symbols} <= set(names.values()), "each step is done before the next one"
    for number, wanted in missing_rules(memory, symbols, after).items():
        yield Step("import", f"the rules of {names[number]}", partial(wanted.command, number))
    for missing in missing_records(known_in(memory), after):
        yield Step("import", missing.what, partial(_made, missing))
    for changed in changed_records(known_in(memory), before, after):
        yield Step("import", changed.what, partial(_made, changed))


def _made(definition: Definition) -> Any:
    return definition.record


def _added(section: str, before: Configuration, after: Configuration) -> list[Any]:
    """Entries that were not there."""
    there = named(section, getattr(before, section))
    return [entry for name, entry in named(section, getattr(after, section)).items() if name not in there]


def _laid_over(before: Configuration, said: Configuration) -> Configuration:
    """What there is, with what the file says of it in its place, and what it adds."""
    lists: dict[str, list[Any]] = {}
    for section in LISTS:
        there = named(section, getattr(before, section))
        for name, entry in named(section, getattr(said, section)).items():
            there[name] = _as_there(there[name], entry) if name in there else entry
        lists[section] = list(there.values())
        assert list(named(section, lists[section])) == list(there), "what is laid over an entry is known as it was"
        assert len(lists[section]) >= len(getattr(before, section)), "what the file does not name stays"
        most = len(getattr(before, section)) + len(getattr(said, section))
        assert len(lists[section]) <= most, "and nothing comes that it does not name"
    return replace(before, **lists)


def _as_there(there: Any, entry: Any) -> Any:
    """The entry, without what it leaves open or what counted only at the beginning."""
    assert type(entry) is type(there), "two entries of one list"
    if isinstance(entry, SymbolEntry):
        return replace(entry, opens=there.opens, fee_account=entry.fee_account or there.fee_account)
    if isinstance(entry, AccountEntry):
        return replace(entry, roles=sorted(set(entry.roles)) or there.roles)
    return entry


def _why_not(change: Change) -> str:
    """Why a change cannot be made; "" when it can."""
    assert change.when != "restart", "what is defined counts at once, or never"
    if change.when == "never":
        return "it was defined once, and stays so in the log"
    if change.path.startswith("accounts[") and (
        change.path.endswith(".deposits") or (not change.before and '"deposits":' in change.after)
    ):
        return "deposits are made at a start whose configuration has them, or with tradsys deposit"
    return ""
