"""What the configuration defines and the log does not know yet, sent to the engine: first accounts, symbols and trading
rules, then what needs their numbers (see ledger_definitions)."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np

from shm import broadcast
from tradsys.book.layout import W_POSITION
from tradsys.configuration import Configuration
from tradsys.errors import ConfigurationError, OperatingError, from_reason
from tradsys.logging import logger
from tradsys.records import COMMAND, EventFlag, EventKind
from tradsys.symbols import Account, Rules, Symbol
from workers.ledger_definitions import Definition, Known, missing_records, missing_terms, others_than_configured
from workers.memory import ACCOUNTS, JOURNALED, SYMBOLS, VenueMemory
from workers.port import REQUEST_MASK, Port
from workers.redefinition import changed_entries, changed_records

Wait = Callable[[Callable[[], bool], str], None]
"""Waits for a condition; the text says for what. Raises when it takes too long."""

Tell = Callable[[Definition, int], None]
"""Is told what stands in the log by now, and as which sequence."""

_log = logger("supervisor")


class RefusedDefinitionError(OperatingError, ConfigurationError):
    """The engine refused an account or a symbol of the configuration; the message says which and why."""

    CODE = "definition_refused"


def known_accounts(memory: VenueMemory) -> list[Account]:
    """The accounts that the engine knows."""
    count = int(memory.control[ACCOUNTS])
    assert 0 <= count <= memory.sizes.accounts_max, "every account has its place"
    known = [Account.from_definition(record) for record in memory.accounts[1 : count + 1]]
    assert not known or known[-1].id == count, "accounts are numbered one after the other, and stay where they are"
    return known


def known_symbols(memory: VenueMemory) -> list[Symbol]:
    """The symbols that the engine knows."""
    count = int(memory.control[SYMBOLS])
    assert 0 <= count <= memory.sizes.symbols_max, "every symbol has its place"
    known = [Symbol.from_definition(record) for record in memory.symbols[1 : count + 1]]
    assert not known or known[-1].id == count, "symbols are numbered one after the other, and stay where they are"
    return known


def missing_accounts(known: list[Account], configuration: Configuration) -> list[Account]:
    """The accounts of the configuration that are not known by name, numbered on from those that are."""
    assert not known or known[-1].id == len(known), "numbers go on behind those that are taken"
    names = {account.name for account in known}
    wanted = [entry for entry in configuration.accounts if entry.name not in names]
    return [entry.account(number) for number, entry in enumerate(wanted, len(known) + 1)]


def missing_symbols(known: list[Symbol], configuration: Configuration) -> list[Symbol]:
    """The symbols of the configuration that are not known by name, numbered on from those that are."""
    assert not known or known[-1].id == len(known), "numbers go on behind those that are taken"
    names = {symbol.name for symbol in known}
    wanted = [entry for entry in configuration.symbols if entry.name not in names]
    return [entry.symbol(number) for number, entry in enumerate(wanted, len(known) + 1)]


def changed_symbols(known: list[Symbol], configuration: Configuration) -> list[str]:
    """Names of symbols that the configuration describes otherwise than the log, whose word counts."""
    by_name = {symbol.name: symbol for symbol in known}
    changed = []
    for entry in configuration.symbols:
        present = by_name.get(entry.name)
        if present is None:
            continue
        wanted = entry.symbol(present.id)
        if msgspec.structs.replace(wanted, state=present.state) != present:
            changed.append(entry.name)
    return changed


def changed_accounts(known: list[Account], configuration: Configuration) -> list[str]:
    """Names of accounts whose group or kind is another one in the configuration than in the log, whose word counts."""
    by_name = {account.name: account for account in known}
    changed = []
    for entry in configuration.accounts:
        present = by_name.get(entry.name)
        if present is not None:
            wanted = entry.account(present.id)
            if (wanted.group, wanted.kind) != (present.group, present.kind):
                changed.append(entry.name)
    return changed


def present_rules(memory: VenueMemory, symbol: int) -> Rules:
    """The trading rules that a symbol's book has now."""
    assert 1 <= symbol <= memory.sizes.symbols_max, "every symbol has its book"
    return Rules.from_record(memory.shards[symbol % memory.sizes.shards].books[symbol])


def missing_rules(memory: VenueMemory, symbols: list[Symbol], configuration: Configuration) -> dict[int, Rules]:
    """By number of symbol the configured rules that its book does not have."""
    number_of = {symbol.name: symbol.id for symbol in symbols}
    wanted = {number_of[entry.name]: entry.rules.rules() for entry in configuration.symbols}
    return {number: rules for number, rules in wanted.items() if present_rules(memory, number) != rules}


def define_missing(memory: VenueMemory, port: Port, configuration: Configuration, wait: Wait, tell: Tell) -> None:
    """Define what is missing and wait until every shard has applied it and the journal has it.

    The port gates the events. Raises RefusedDefinitionError, and what `wait` raises.
    """
    before = known_symbols(memory)
    for name in changed_symbols(before, configuration):
        _log.warning("the log defines a symbol otherwise than the configuration; the log's definition stays", name=name)
    for name in changed_accounts(known_accounts(memory), configuration):
        _log.warning("the log has the account in another trade group or of another kind; it stays as it is", name=name)
    accounts = missing_accounts(known_accounts(memory), configuration)
    symbols = missing_symbols(before, configuration)
    _check_room(memory, symbols)
    rules = missing_rules(memory, before + symbols, configuration)
    names = {symbol.id: symbol.name for symbol in before + symbols}
    opened = [Definition(f"the account {account.name}", account.definition()) for account in accounts]
    _define(memory, port, wait, tell, opened)
    assert not accounts or memory.control[ACCOUNTS] >= accounts[-1].id, "accounts are there before symbols name them"
    assets, contracts = missing_terms(Known(memory.ledger, known_accounts(memory), before + symbols), configuration)
    # In one go: who sees a new symbol at once and sends an order shall find it under its rules, and settled.
    together = [
        *assets,
        *(Definition(f"the symbol {symbol.name}", symbol.definition()) for symbol in symbols),
        *(Definition(f"the rules of {names[number]}", wanted.command(number)) for number, wanted in rules.items()),
        *contracts,
    ]
    _define(memory, port, wait, tell, together)
    assert not symbols or memory.control[SYMBOLS] >= symbols[-1].id, "symbols are there before limits name them"
    known = Known(memory.ledger, known_accounts(memory), known_symbols(memory))
    for name in others_than_configured(known, configuration):
        _log.warning("the log has an asset or a symbol's assets otherwise than the configuration; they stay", name=name)
    _define(memory, port, wait, tell, missing_records(known, configuration))


def _check_room(memory: VenueMemory, symbols: list[Symbol]) -> None:
    """Raises RefusedDefinitionError when one of these new symbols would have no book."""
    room = memory.sizes.symbols_max
    for symbol in symbols:
        if symbol.id > room:
            raise RefusedDefinitionError(
                f"the venue has no place for the symbol {symbol.name}: pools.symbols_max is {room}, and the log has "
                "symbols that the configuration does not name"
            )


def redefine(
    memory: VenueMemory, port: Port, before: Configuration, after: Configuration, wait: Wait, tell: Tell
) -> None:
    """Let a venue that runs with the configuration `before` have what `after` says otherwise, and what it adds.

    What both say alike is left as it was changed since. Raises as `define_missing` does; what had been sent until then
    stands.
    """
    define_missing(memory, port, changed_entries(before, after), wait, tell)
    known = Known(memory.ledger, known_accounts(memory), known_symbols(memory))
    _define(memory, port, wait, tell, changed_records(known, before, after))


def _define(memory: VenueMemory, port: Port, wait: Wait, tell: Tell, definitions: list[Definition]) -> None:
    """Send the records and wait until they stand, everywhere and for good. Raises RefusedDefinitionError."""
    if not definitions:
        return
    assert port.memory is memory, "what is sent and what is looked at belong together"
    for shard, stream in enumerate(memory.events):
        port.positions[shard] = int(stream.header[broadcast.CURSOR])
    first = port.next_request
    commands = np.concatenate([definition.record.view(COMMAND) for definition in definitions])
    assert len(commands) == len(definitions), "each is one record, so that a refusal tells which"
    sent = end = 0

    def defined() -> bool:
        nonlocal sent, end
        sent += port.submit(commands[sent:]) if sent < len(commands) else 0
        _take_answers(port, first, definitions, tell)
        assert sent <= len(commands), "no more is sent than there is"
        assert port.next_request == (first + sent) & REQUEST_MASK, "nobody else sends through this ring"
        if sent < len(commands) or not port.is_taken_in():
            return False
        end = end or int(memory.log.header[broadcast.CURSOR])  # others may go on sending
        return _is_settled(memory, end)

    wait(defined, "the engine to define what is configured")
    assert sent == len(commands), "who waits for a condition goes on when it holds"
    assert end > 0, "what was sent stands in the log"
    _take_answers(port, first, definitions, tell)


def _is_settled(memory: VenueMemory, sequence: int) -> bool:
    """Whether the log is journaled and applied up to there."""
    assert sequence > 0, "records are numbered from 1"
    return bool(memory.control[JOURNALED] >= sequence) and all(
        shard.words[W_POSITION] >= sequence for shard in memory.shards
    )


def _take_answers(port: Port, first: int, definitions: list[Definition], tell: Tell) -> None:
    """What the engine says of the requests from `first` on. Raises RefusedDefinitionError."""
    assert 0 <= first <= REQUEST_MASK, "requests are counted in 32 bits"
    for shard in range(port.memory.sizes.shards):
        while (events := port.drain(shard)) is not None and len(events):
            for event in events[events["source"] == port.number].copy():
                number = (int(event["request"]) - first) & REQUEST_MASK
                if number >= len(definitions):
                    continue  # of what somebody sent through this ring before us, and has not waited for
                definition = definitions[number]
                if event["kind"] == EventKind.REJECTED:
                    sentence = from_reason(int(event["reason"])).sentence
                    raise RefusedDefinitionError(f"the engine refused {definition.what}: {sentence}")
                if int(event["flags"]) & EventFlag.LAST:
                    tell(definition, int(event["log_sequence"]))
        assert events is not None, "the engine waits for a port that gates"
