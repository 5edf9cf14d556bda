"""What is wrong with a configuration: where, what, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from tradsys.errors import ConfigurationError

Path = tuple[str | int, ...]
"""Where a value stands: ("symbols", 2, "name") is written symbols[2].name."""

HIDDEN = "[redacted]"
"""What is told in the place of a secret, as the log does it (tradsys.logging.redaction)."""

_SHOWN_LENGTH_MAX = 60
_ACCOUNT_DEPTH = 2


class Mistake(NamedTuple):
    """One mistake; `source` is the file or the environment variable that it came from."""

    path: Path
    value: str
    problem: str
    remedy: str
    source: str

    def __str__(self) -> str:
        origin = f" (from {self.source})" if self.source else ""
        shown = f" = {self.value}" if self.value else ""
        return f"{dotted(self.path)}{shown}{origin}: {self.problem}; {self.remedy}"


class InvalidConfigurationError(ConfigurationError):
    """The configuration has mistakes; all of them are in `mistakes` and in the message."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = list(mistakes)
        count = len(self.mistakes)
        lines = "".join(f"\n  {mistake}" for mistake in self.mistakes)
        super().__init__(
            "invalid_configuration",
            f"the configuration has {count} mistake{'' if count == 1 else 's'}:{lines}",
            details={"mistakes": [str(mistake) for mistake in self.mistakes]},
        )


def dotted(path: Path) -> str:
    """The path as a person writes it."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".") or "configuration"


def is_secret(path: Path) -> bool:
    """Whether what stands here may be a secret: under `keys` or what may be meant for it, or in an account's place."""
    keys = any(isinstance(step, str) and "key" in step.lower() for step in path)
    return keys or (path[:1] == ("accounts",) and len(path) <= _ACCOUNT_DEPTH)


def shown(path: Path, value: Any) -> str:
    """The value as a message shows it: shortened, and never a secret. Of lists and sections only what they are."""
    if isinstance(value, dict):
        return "a section"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if is_secret(path):
        return HIDDEN
    text = repr(value)
    return text if len(text) <= _SHOWN_LENGTH_MAX else text[: _SHOWN_LENGTH_MAX - 1] + "…"
