"""Kernels over a NamedTuple that is passed as one address, and one that is called and not inlined."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from shm.arena import new_array
from shm.jit import JIT_DISABLED, kernel, kernel_entry
from shm.table import addressed, at_address, table_of

RECORD = np.dtype([("number", "<i8"), ("small", "u1"), ("pad", "u1", (7,))])


class Pair(NamedTuple):
    """Two arrays inside of the tuple."""

    first: Any
    second: Any


@addressed
class Office(NamedTuple):
    """`words` int64, `records` RECORD, `pair` of int64 and uint32, `bytes` uint8: the place of each matters."""

    table: Any
    words: Any
    records: Any
    pair: Pair
    last: Any


def open_office() -> Office:
    """Zeroed arrays of 3, 4, 5, 6 and 7 elements."""
    pair = Pair(new_array(np.int64, 5), new_array(np.uint32, 6))
    fields = {"words": new_array(np.int64, 3), "records": new_array(RECORD, 4), "pair": pair}
    fields["last"] = new_array(np.uint8, 7)
    return Office(table_of(fields.values()), **fields)


@kernel
def fill(office: Office, value: int) -> None:
    """Write the value, one more and so on into the second element of every array."""
    office.words[1] = value
    record = office.records[1]
    record.number = value + 1
    office.records[2].small = value + 2
    pair = office.pair
    pair.first[1] = value + 3
    office.pair.second[1] = value + 4
    office.last[1] = value + 5


@kernel
def lengths(office: Office) -> int:
    """The lengths of all arrays as decimal digits."""
    total = len(office.words) * 10 + len(office.records)
    return (total * 10 + len(office.pair.first)) * 100 + len(office.pair.second) * 10 + len(office.last)


@kernel_entry
def weigh(office: Office, weight: int) -> int:
    """Called, never inlined: the sum of the words, each times the weight."""
    total = 0
    for word in office.words:
        total += word * weight
    return total


@kernel
def twice(value: int) -> int:
    """Inlined wherever it stands."""
    return 2 * value


@kernel
def weigh_thrice(office: Office, value: int) -> int:
    """Give a called and an inlined kernel constants and a variable."""
    return weigh(office, 3) + weigh(office, 5) + weigh(office, value) + twice(7) + twice(value)


if not JIT_DISABLED:
    office_at = at_address(open_office())

    @kernel
    def word_at(address: int, index: int) -> int:
        """A word of the office whose table is at the address."""
        return office_at(address).words[index]  # type: ignore[no-any-return]
