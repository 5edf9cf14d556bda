"""CRC-32C against the published check values."""

from __future__ import annotations

import numpy as np

from shm.crc32c import crc32c, crc32c_by_table


def test_the_test_vectors_of_rfc_3720_hold() -> None:
    zeros = np.zeros(4, np.int64)
    ones = np.full(4, -1, np.int64)
    rising = np.arange(32, dtype=np.uint8).view(np.int64)
    for function in (crc32c, crc32c_by_table):
        assert function(zeros, 0, 4, 0) == 0x8A9136AA
        assert function(ones, 0, 4, 0) == 0x62A8AB43
        assert function(rising, 0, 4, 0) == 0x46DD794E


def test_instruction_and_table_agree_and_continue_over_parts() -> None:
    words = np.random.default_rng(7).integers(-(2**63), 2**63 - 1, 100)
    whole = crc32c(words, 0, 100, 0)
    assert whole == crc32c_by_table(words, 0, 100, 0)
    assert whole == crc32c(words, 40, 60, crc32c(words, 0, 40, 0))
