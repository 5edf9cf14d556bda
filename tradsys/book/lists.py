"""Lists of a symbol's orders that stand in no queue of a price, or that something will happen to together."""

from __future__ import annotations

from shm.integers import signed
from shm.jit import kernel
from tradsys.book.layout import KIND_LINK, LINKS, LISTS, PARKED, QUEUE, TIMED, TIMED_LINK, TURN_LINK, Shard


@kernel
def _link(number: int) -> int:
    if number == TIMED:
        return TIMED_LINK
    return TURN_LINK if number == QUEUE or number == PARKED else KIND_LINK


@kernel
def first_of(shard: Shard, symbol: int, number: int) -> int:
    """The slot at the head of the list; 0 when it is empty."""
    return signed(shard.lists[LISTS * symbol + number])


@kernel
def following(shard: Shard, number: int, slot: int) -> int:
    """The slot behind `slot` in the list `number` that it is in; 0 at the end."""
    return signed(shard.links[LINKS * slot + _link(number)])


@kernel
def join_list(shard: Shard, symbol: int, number: int, slot: int) -> None:
    """Put the order in `slot` at the end of the list."""
    lists, links = shard.lists, shard.links
    ends = LISTS * symbol + number
    link = _link(number)
    tail = signed(lists[ends + 1])
    assert slot != 0, "the null slot is in no list"
    assert (tail == 0) == (lists[ends] == 0), "a list has both ends or none"
    links[LINKS * slot + link] = 0
    links[LINKS * slot + link + 1] = tail
    if tail == 0:
        lists[ends] = slot
    else:
        links[LINKS * tail + link] = slot
    lists[ends + 1] = slot


@kernel
def leave_list(shard: Shard, symbol: int, number: int, slot: int) -> None:
    """Take the order in `slot` out of the list, which it must be in."""
    lists, links = shard.lists, shard.links
    ends = LISTS * symbol + number
    link = _link(number)
    after = signed(links[LINKS * slot + link])
    before = signed(links[LINKS * slot + link + 1])
    assert slot == (lists[ends] if before == 0 else links[LINKS * before + link]), "what is before leads to the order"
    assert slot == (lists[ends + 1] if after == 0 else links[LINKS * after + link + 1]), "what follows leads back to it"
    if before == 0:
        lists[ends] = after
    else:
        links[LINKS * before + link] = after
    if after == 0:
        lists[ends + 1] = before
    else:
        links[LINKS * after + link + 1] = before
