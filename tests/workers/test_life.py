"""Lives of orders from logs of which the beginning is gone, or that have no such record at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workers.journals import filled, segment_files
from tests.workers.stepped import SIZES
from tradsys.records import SLOT_BITS
from workers.life import NoSuchOrderError, life_of


@pytest.mark.parametrize("order_id", [1, 5, (1 << SLOT_BITS) - 1])
def test_an_id_from_before_the_first_record_is_no_orders(tmp_path: Path, order_id: int) -> None:
    filled(tmp_path, 3)
    with pytest.raises(NoSuchOrderError, match="numbered from 1"):
        life_of(tmp_path, SIZES, order_id)


@pytest.mark.parametrize("sequence", [1, 2])
def test_no_later_record_is_taken_for_one_that_was_dropped(tmp_path: Path, sequence: int) -> None:
    filled(tmp_path, 30, 30, 30)
    first, *later = segment_files(tmp_path)
    assert later
    first.unlink()
    with pytest.raises(NoSuchOrderError, match="what was before it is not here"):
        life_of(tmp_path, SIZES, sequence << SLOT_BITS)
