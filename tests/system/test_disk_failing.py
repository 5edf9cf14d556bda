"""A real venue whose disk is full, or stuck, and then is not: with clients that wrote down what they were told."""

from __future__ import annotations

import asyncio
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.system.disks import VenueOnDisk, need
from tests.workers.running import until
from tests.workers.stepped import journal_records
from tradsys.client import Client, Stream, TradingError
from tradsys.records import Kind

pytestmark = pytest.mark.timeout(900)
FULL = "No space left on device"
STUCK = "the disk is too slow, or stuck"


class Trader:
    """Places orders until told otherwise; knows which are open and which client order ids were ever acknowledged."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._last_id = 0
        self.acknowledged: list[int] = []
        self.open: list[str] = []

    def place(self) -> str | None:
        """One order; gives the code with which it is refused."""
        self._last_id += 1
        try:
            order = self._client.place("ACME", "buy", "1", "50.00", client_order_id=self._last_id)
        except TradingError as error:
            return error.code
        self.acknowledged.append(self._last_id)
        self.open.append(order["order_id"])
        return None

    def cancel(self) -> None:
        """The oldest one."""
        order_id = self.open.pop(0)
        assert self._client.cancel(order_id)["status"] == "cancelled"


def assert_all_there(venue: VenueOnDisk, client: Client, trader: Trader) -> None:
    """The venue and its journal have what the trader was told, once."""
    assert [order["order_id"] for order in client.orders()] == trader.open
    records = journal_records(venue.data_directory / "journal")
    logged = Counter(records["client_order_id"][records["kind"] == Kind.NEW].tolist())
    assert [logged[number] for number in trader.acknowledged] == [1] * len(trader.acknowledged)
    assert {worker.restarts for worker in venue.seen().workers} == {0}


async def cancel_while(venue: VenueOnDisk, key: str, order_id: str, recover: object) -> None:
    """A cancel acts at once, though the journal does not have it; its answer comes when the disk is well again."""
    before = venue.seen()
    async with Stream(venue.address, key) as stream:
        answer = asyncio.ensure_future(stream.cancel(order_id))
        await asyncio.to_thread(
            until, lambda: venue.seen().live_orders == before.live_orders - 1, "the cancel to act in the book"
        )
        assert venue.seen().journaled == before.journaled
        assert not answer.done()
        assert callable(recover)
        recover()
        assert (await answer)["status"] == "cancelled"


def test_a_full_disk_stops_new_orders_until_there_is_room_again(tmp_path: Path, venue_name: str) -> None:
    need()
    venue = VenueOnDisk(
        tmp_path / venue_name, "-t", "tmpfs", "-o", "size=4m", "none",
        journal__segment_bytes="65536", clock__tick_ms="20",
    )  # fmt: skip
    with closing(venue), venue.client("alice-key") as alice:
        trader = Trader(alice)
        for _ in range(50):
            assert trader.place() is None
        assert venue.within("cat /dev/zero >$DISK/filler 2>/dev/null").wait(30) != 0
        # Already when there is no next segment: what is in use has room for the answers to cancels.
        until(lambda: trader.place() == "journal_unavailable", "orders to be refused")
        health = alice.health()
        assert (health["ready"], health["journal"]) == (False, FULL)
        for _ in range(20):
            trader.cancel()
        assert trader.place() == "journal_unavailable"
        # The clock's ticks fill what is left.
        until(lambda: venue.seen().log > venue.seen().journaled + 3, "the last segment to be full")

        def enlarge() -> None:
            assert venue.within("mount -o remount,size=16m $DISK").wait(30) == 0

        asyncio.run(cancel_while(venue, "alice-key", trader.open.pop(0), enlarge))
        until(lambda: venue.why() is None, "the venue to recover")
        assert alice.health()["ready"]
        for _ in range(600):
            assert trader.place() is None
        assert_all_there(venue, alice, trader)
        assert venue.stop() == 0
        assert "no room for the journal's next segment" in venue.said()


@contextmanager
def frozen(venue: VenueOnDisk) -> Iterator[subprocess.Popen[bytes]]:
    """The disk takes nothing and answers nothing, until this ends, or this process does."""
    freezer = venue.within(
        "fsfreeze -f $DISK && echo frozen && read end; fsfreeze -u $DISK", stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert freezer.stdin is not None
    assert freezer.stdout is not None
    try:
        assert freezer.stdout.readline() == b"frozen\n"
        yield freezer
    finally:
        freezer.stdin.close()
        freezer.wait(30)
        freezer.stdout.close()


def test_a_stuck_disk_stops_new_orders_until_it_answers_again(tmp_path: Path, venue_name: str) -> None:
    need("mkfs.ext4", "fsfreeze", "losetup")
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(64 << 20)
    subprocess.run(["mkfs.ext4", "-q", str(image)], check=True)
    venue = VenueOnDisk(tmp_path / venue_name, "-o", "loop", str(image), journal__stuck_ms="1000")
    with closing(venue), venue.client("alice-key") as alice:
        trader = Trader(alice)
        for _ in range(50):
            assert trader.place() is None
        with frozen(venue) as freezer:
            until(lambda: venue.why() == STUCK, "the venue to notice")
            assert trader.place() == "journal_unavailable"
            assert alice.health()["journal"] == STUCK

            def is_long() -> bool:
                trouble = venue.seen().journal_trouble
                return trouble is not None and trouble.age_ns > 3 * 10**9

            until(is_long, "some time to pass")
            heartbeat_age_ns = venue.journal_worker().heartbeat_age_ns
            assert heartbeat_age_ns is not None
            assert heartbeat_age_ns < 2 * 10**9, "the worker lives, though its disk does not answer"
            assert freezer.stdin is not None
            asyncio.run(cancel_while(venue, "alice-key", trader.open.pop(0), freezer.stdin.close))
        until(lambda: venue.why() is None, "the venue to recover")
        for _ in range(50):
            assert trader.place() is None
        assert_all_there(venue, alice, trader)
        assert venue.stop() == 0
        assert "a write of the journal takes too long" in venue.said()
