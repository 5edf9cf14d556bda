"""Numbers of postings, which the ledger carries out once each: who may give which.

Whoever asks for a posting gives it an id. Ids of one kind of request must not take those of another away, and nobody
must be able to use up an id that somebody else is going to send. So the number in the ledger is

    administrators' postings      the id itself, below 2**61
    the end of a withdrawal       2**62 + 61 bits of a digest of its id: settled or cancelled, whatever comes first
    an account's transfers        2**61 + 61 bits of a digest of account and id
    opening deposits              2**61 + 2**62 + 61 bits of a digest of account and asset

where a digest's bits are as good as unique.
"""

from __future__ import annotations

import hashlib

ID_MAX = (1 << 61) - 1
"""Greatest id of an administrator's posting."""

_DIGEST, _END = 1 << 61, 1 << 62


def of_end(withdrawal: int, refusals: int) -> int:
    """The number of what ends a withdrawal, after so many attempts that were refused: a refused id is used up."""
    return _END | _digest(f"end {withdrawal} {refusals}")


def of_transfer(account: str, id: int) -> int:
    """The number of an account's own transfer with this id."""
    return _DIGEST | _digest(f"transfer {account} {id}")


def of_opening(account: str, asset: str) -> int:
    """The number of the deposit with which a configured account begins."""
    return _END | _DIGEST | _digest(f"opening {account} {asset}")


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") & ID_MAX
