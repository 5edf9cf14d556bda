"""Whether a command may go into the log as accepted: definitions in their order, and what the ledger says.

Live and in a replay alike: the same records in the same order, with the same events settled between them, give the
same decisions.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from shm.arena import as_records, new_array
from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.ledger.deciding import decide
from tradsys.ledger.layout import Ledger
from tradsys.ledger.recording import take_in
from tradsys.reasons import Reason
from tradsys.records import ACCOUNT_DEFINITION, COMMAND, DETAILS, SYMBOL_DEFINITION, Kind
from workers.memory import VenueMemory

PRELUDE_MAX = 3
"""Records that can belong to the NEW behind them: an EXTENSION and two LEGs."""

_NEW = int(Kind.NEW)
_CANCEL_ALL = int(Kind.CANCEL_ALL)
_AMEND = int(Kind.AMEND)
_EXTENSION = int(Kind.EXTENSION)
_LEG = int(Kind.LEG)
_SYMBOL = int(Kind.SYMBOL)
_ACCOUNT = int(Kind.ACCOUNT)
_STATE = int(Kind.STATE)
_RULES = int(Kind.RULES)
_FIRST_OF_LEDGER, _LAST_OF_LEDGER = int(Kind.ASSET), int(Kind.BREAKER)

_NONE = int(Reason.NONE)
_UNKNOWN_ACCOUNT = int(Reason.UNKNOWN_ACCOUNT)
_UNKNOWN_COMMAND = int(Reason.UNKNOWN_COMMAND)
_UNKNOWN_SYMBOL = int(Reason.UNKNOWN_SYMBOL)
_SYMBOL_EXISTS = int(Reason.SYMBOL_EXISTS)
_ACCOUNT_EXISTS = int(Reason.ACCOUNT_EXISTS)
_OUT_OF_ORDER = int(Reason.DEFINITION_OUT_OF_ORDER)

KNOWN_ACCOUNTS, KNOWN_SYMBOLS, SHARDS = range(3)


class Records(NamedTuple):
    """Records of the log, each array the same memory read in another way."""

    commands: Any
    details: Any
    symbols: Any
    accounts: Any


def readings(commands: Any) -> Records:
    """All readings of an array of COMMAND."""
    plain = commands.view(np.ndarray)
    others = (DETAILS, SYMBOL_DEFINITION, ACCOUNT_DEFINITION)
    assert all(dtype.itemsize == COMMAND.itemsize for dtype in others), "each is another reading of the same record"
    return Records(as_records(plain), *(as_records(plain.view(dtype)) for dtype in others))


class Decider(NamedTuple):
    """What decisions depend on. `words` int64: accounts and symbols known, and the number of shards."""

    words: Any
    accounts: Any  # ACCOUNT_DEFINITION by account number
    symbols: Any  # SYMBOL_DEFINITION by symbol number
    ledger: Ledger
    nothing: Any  # one COMMAND: in the place of a leg that there is not


def new_decider(memory: VenueMemory, ledger: Ledger) -> Decider:
    """A decider that knows nothing yet, over the venue's tables and one of its ledgers."""
    words = np.array([0, 0, memory.sizes.shards], np.int64)
    assert len(memory.accounts) == memory.sizes.accounts_max + 1, "every account has its place"
    assert len(memory.symbols) == memory.sizes.symbols_max + 1, "every symbol has its place"
    return Decider(words, memory.accounts, memory.symbols, ledger, new_array(COMMAND, 1))


@kernel
def is_prelude(kind: int) -> bool:
    """Whether a record of this kind belongs to the NEW behind it."""
    return kind == _EXTENSION or kind == _LEG


@kernel_entry
def _define(decider: Decider, records: Records, at: int) -> int:
    """A symbol or an account, if it is the next one."""
    words = decider.words
    details = records.details[at]
    assert details.kind == _SYMBOL or details.kind == _ACCOUNT, "the definition of a symbol or an account"
    if details.kind == _SYMBOL:
        number = signed(details.symbol)
        known = words[KNOWN_SYMBOLS]
        assert signed(decider.symbols[known].symbol) == known, "a symbol stands where its number says"
        if number != known + 1:
            return _SYMBOL_EXISTS if 0 < number <= known else _OUT_OF_ORDER
        if number >= len(decider.symbols):
            return _UNKNOWN_SYMBOL
        reason = take_in(decider.ledger, details)
        if reason == _NONE:
            decider.symbols[number] = records.symbols[at]
            words[KNOWN_SYMBOLS] = number
        return reason
    number = signed(details.account)
    known = words[KNOWN_ACCOUNTS]
    assert signed(decider.accounts[known].account) == known, "an account stands where its number says"
    if number != known + 1:
        return _ACCOUNT_EXISTS if 0 < number <= known else _OUT_OF_ORDER
    if number >= len(decider.accounts):
        return _UNKNOWN_ACCOUNT
    reason = take_in(decider.ledger, details)
    if reason == _NONE:
        decider.accounts[number] = records.accounts[at]
        words[KNOWN_ACCOUNTS] = number
    return reason


@kernel
def _order(decider: Decider, records: Records, at: int, mask: int, reach: int) -> int:
    """On a NEW, CANCEL or AMEND."""
    commands = records.commands
    command = commands[at]
    account = signed(command.account)
    if account == 0 or account > decider.words[KNOWN_ACCOUNTS]:
        return _UNKNOWN_ACCOUNT
    first = second = decider.nothing[0]
    if command.kind == _NEW:
        for distance in range(1, reach + 1):
            before = commands[(at - distance) & mask]
            if not is_prelude(before.kind) or before.source != command.source:
                break
            if before.kind == _LEG and before.symbol == command.symbol:
                second = first
                first = before
    return decide(decider.ledger, command, first, second, decider.words[SHARDS])


@kernel
def decide_on(decider: Decider, records: Records, at: int, mask: int, reach: int) -> int:
    """Whether the record at `at`, stamped with sequence and time, is accepted: a reason, or 0.

    As many as `reach` records before it (at most PRELUDE_MAX), at `(at - n) & mask`, may be its prelude.
    """
    kind = signed(records.commands[at].kind)
    assert 0 <= reach <= PRELUDE_MAX, "no more records than belong to an order"
    assert mask >= 0 or reach <= at, "what may belong to an order is at hand"
    if _NEW <= kind <= _AMEND:
        return _order(decider, records, at, mask, reach)
    if is_prelude(kind) or kind == _CANCEL_ALL or kind == _STATE or kind == _RULES:
        return _NONE
    if kind == _SYMBOL or kind == _ACCOUNT:
        return _define(decider, records, at)
    if _FIRST_OF_LEDGER <= kind <= _LAST_OF_LEDGER:
        return take_in(decider.ledger, records.details[at])
    return _UNKNOWN_COMMAND
