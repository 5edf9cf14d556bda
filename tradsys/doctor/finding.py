"""What a check of the host found."""

from __future__ import annotations

from typing import Literal

import msgspec

Verdict = Literal["good", "advice", "bad", "unknown"]


class Finding(msgspec.Struct, frozen=True):
    """`bad`: the venue will not run, or will lose what it promises. `advice`: it could be quicker or steadier.

    `why` and `mend`, a command or a sentence, are there for those two.
    """

    check: str
    verdict: Verdict
    found: str
    why: str = ""
    mend: str = ""


def good(check: str, found: str) -> Finding:
    """Nothing to do."""
    return Finding(check, "good", found)


def advice(check: str, found: str, why: str, mend: str) -> Finding:
    """It could be better."""
    return Finding(check, "advice", found, why, mend)


def bad(check: str, found: str, why: str, mend: str) -> Finding:
    """It has to be mended."""
    return Finding(check, "bad", found, why, mend)


def unknown(check: str, found: str) -> Finding:
    """It could not be found out."""
    return Finding(check, "unknown", found)
