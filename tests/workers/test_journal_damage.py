"""A journal that is damaged before its end is refused, with the file, the offset, the sequence and a remedy."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shm.crc32c import crc32c
from tests.workers.bad_pages import break_page
from tests.workers.journals import HEADER_BYTES, Desk, change, filled, segment_files
from tests.workers.stepped import journal_records
from workers.journal import JournalError, last_sequence

FRAMES = [20, 20, 20, 3, 20, 10, 20, 20, 5, 4, 3, 2]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A journal of several segments; the last one holds whole frames besides the last."""
    filled(tmp_path / "journal", *FRAMES)
    return tmp_path / "journal"


def frames_of(path: Path) -> list[tuple[int, int, int]]:
    """(offset, first sequence, bytes) of every frame of a file."""
    words = np.frombuffer(path.read_bytes(), np.int64)
    at, found = HEADER_BYTES // 8, []
    while at < len(words) and words[at]:
        found.append((at * 8, int(words[at + 1]), 64 * (1 + int(words[at + 2]))))
        at += 8 * (1 + int(words[at + 2]))
    return found


def assert_refused(directory: Path, *told: Any) -> None:
    """Readers and writers refuse the journal, with these words."""
    for use in (journal_records, Desk):
        with pytest.raises(JournalError) as error:
            use(directory)
        for word in told:
            assert str(word) in str(error.value)
        assert re.search(r"restore|move|set |use ", str(error.value)), "the message says what can be done"


@pytest.mark.parametrize("fill", [b"\0", b"\xff"])
@pytest.mark.parametrize("size", [1, 8, 64, 512])
def test_damage_before_the_last_frame_is_told_with_its_place(
    directory: Path, seed: int, fill: bytes, size: int
) -> None:
    dice = random.Random(seed)
    paths = segment_files(directory)
    last = frames_of(paths[-1])[-1]
    for _ in range(12):
        path = dice.choice(paths)
        frames = frames_of(path)
        offset, first, length = dice.choice(frames[:-1] if path == paths[-1] else frames)
        place = offset + dice.randrange(length)
        whole = path.read_bytes()
        data = (fill * size)[: (last[0] if path == paths[-1] else len(whole)) - place]
        changed = bytearray(whole)
        changed[place : place + len(data)] = data
        if not frames_differ(whole, bytes(changed), frames):
            continue
        change(path, 0, bytes(changed))
        with pytest.raises(JournalError, match=re.escape(str(path))) as error:
            Desk(directory)
        assert f"at offset {offset}, sequence {first}:" in str(error.value)
        change(path, 0, whole)
    assert len(journal_records(directory)) == sum(FRAMES)


def frames_differ(before: bytes, after: bytes, frames: list[tuple[int, int, int]]) -> bool:
    """Whether anything differs but the four words of a frame's first line that carry nothing."""
    used = [slice(offset, offset + 32) for offset, _, _ in frames]
    used += [slice(offset + 64, offset + length) for offset, _, length in frames]
    return any(before[part] != after[part] for part in used)


def test_a_frame_whose_first_line_became_zeros_is_not_taken_for_the_end(directory: Path) -> None:
    path = segment_files(directory)[-1]
    offset, first, _ = frames_of(path)[1]
    change(path, offset, bytes(64))
    with pytest.raises(JournalError, match=f"at offset {offset}, sequence {first}:"):
        last_sequence(directory)
    with pytest.raises(JournalError, match=f"at offset {offset}, sequence {first}:"):
        Desk(directory)


def test_a_writer_that_refuses_changes_nothing(directory: Path) -> None:
    path = segment_files(directory)[-1]
    change(path, frames_of(path)[0][0], bytes(8))
    before = [each.read_bytes() for each in segment_files(directory)]
    with pytest.raises(JournalError):
        Desk(directory)
    assert [each.read_bytes() for each in segment_files(directory)] == before


def test_a_frame_that_stands_twice_is_refused(directory: Path) -> None:
    path = segment_files(directory)[-1]
    frames = frames_of(path)
    end = frames[-1][0] + frames[-1][2]
    offset, _, length = frames[-1]
    change(path, end, path.read_bytes()[offset : offset + length])
    assert_refused(directory, path, f"offset {end}", f"sequence {sum(FRAMES) + 1}")


def test_a_missing_segment_is_told(directory: Path) -> None:
    paths = segment_files(directory)
    assert len(paths) >= 3
    missing = int(paths[1].stem)
    paths[1].unlink()
    assert_refused(directory, paths[2], f"ends at {missing - 1}", "missing")


def test_a_missing_first_segment_is_told(directory: Path) -> None:
    first, second, *_ = segment_files(directory)
    first.unlink()
    assert_refused(directory, second, f"begins with sequence {int(second.stem)}", "from 1 on", "missing")


@pytest.mark.parametrize("name", ["00000000000000000002.journal", "00000000000000009999.journal", "copy.journal"])
@pytest.mark.parametrize("which", [0, 1, -1])
def test_a_renamed_segment_is_refused(directory: Path, name: str, which: int) -> None:
    path = segment_files(directory)[which]
    path.rename(directory / name)
    with pytest.raises(JournalError, match=r"restore|missing"):
        journal_records(directory)
    with pytest.raises(JournalError, match=r"restore|missing"):
        Desk(directory)


def test_a_file_that_is_no_segment_is_refused(directory: Path) -> None:
    strange = directory / "00000000000000009999.journal"
    strange.write_bytes(b"not a journal")
    assert_refused(directory, strange)
    strange.write_bytes(bytes(1 << 14))
    assert_refused(directory, strange, "not a journal segment")


def test_a_journal_of_a_venue_with_other_shards_is_refused(directory: Path) -> None:
    with pytest.raises(JournalError, match=r"1 shards, the configuration says 2; set topology\.shards to 1"):
        Desk(directory, shards=2)
    with pytest.raises(JournalError, match=r"topology\.shards"):
        journal_records(directory, 2)
    assert len(journal_records(directory)) == sum(FRAMES)


def test_a_newer_format_asks_for_a_newer_program(directory: Path) -> None:
    path = segment_files(directory)[0]
    header = np.frombuffer(path.read_bytes()[:HEADER_BYTES], np.int64).copy()
    header[1] += 1
    change(path, 0, with_checksum(header))
    assert_refused(directory, path, "journal format 3", "newer program")


def with_checksum(header: Any) -> bytes:
    """A segment's header whose checksum is made right again."""
    header[8] = crc32c(header, 0, 8, 0)
    return bytes(header.tobytes())


def test_a_segment_of_another_venue_is_refused(directory: Path) -> None:
    path = segment_files(directory)[1]
    header = np.frombuffer(path.read_bytes()[:HEADER_BYTES], np.int64).copy()
    header[6] += 1
    change(path, 0, with_checksum(header))
    assert_refused(directory, path, "another venue", f"{header[6]:016x}")


def test_a_segment_of_another_history_is_refused(directory: Path) -> None:
    """The venue was restored from a backup once and wrote other records under the same numbers."""
    first, second, *_ = segment_files(directory)
    words = np.frombuffer(first.read_bytes(), np.int64).copy()
    line = frames_of(first)[-1][0] // 8
    words[line + 8 + 3] += 1  # within a record
    words[line + 3] = crc32c(words, line + 8, words[line + 2] * 8, crc32c(words, line + 1, 2, 0))
    change(first, 0, words.tobytes())
    assert_refused(directory, second, "does not continue the log before it")


@pytest.mark.parametrize("word", [2, 3, 4, 5, 6, 7, 8])
def test_a_damaged_header_is_refused(directory: Path, word: int) -> None:
    path = segment_files(directory)[1]
    value = path.read_bytes()[word * 8]
    change(path, word * 8, bytes([value ^ 1]))
    assert_refused(directory, path, "header")


def test_a_segment_that_was_cut_is_refused(directory: Path) -> None:
    path = segment_files(directory)[1]
    path.write_bytes(path.read_bytes()[:-64])
    with pytest.raises(JournalError, match=re.escape(str(path))):
        journal_records(directory)


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("which", [0, 1, -1])
def test_a_page_that_the_disk_cannot_read_is_told_with_its_place(
    directory: Path, monkeypatch: pytest.MonkeyPatch, which: int, number: int
) -> None:
    """Through the mapping alone the process would be killed by SIGBUS there."""
    path = segment_files(directory)[which]
    offset = break_page(monkeypatch, path, number)
    assert_refused(directory, path, f"cannot be read at offset {offset} (Input/output error)", "backup")
