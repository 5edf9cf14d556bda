"""The log on disk: preallocated segments of checksummed frames, their writer and their reader."""

from workers.journal.reader import JournalReader, last_sequence
from workers.journal.segments import JournalError
from workers.journal.writer import JournalWriter

__all__ = ["JournalError", "JournalReader", "JournalWriter", "last_sequence"]
