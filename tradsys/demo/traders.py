"""Which accounts of the configuration the simulated traders use."""

from __future__ import annotations

from typing import NamedTuple

from tradsys.configuration import Configuration
from tradsys.errors import ConfigurationError

MAKER_PREFIX = "demo-maker"
TAKER_PREFIX = "demo-taker"


class Trader(NamedTuple):
    """A simulated trader: its account's name and the key that it shows."""

    name: str
    key: str
    is_maker: bool


def traders_of(configuration: Configuration) -> list[Trader]:
    """The traders, makers first. Raises ConfigurationError when accounts, keys or symbols for them are missing."""
    traders = []
    for prefix in (MAKER_PREFIX, TAKER_PREFIX):
        entries = [entry for entry in configuration.accounts if entry.name.startswith(prefix)]
        if not entries:
            raise _missing(f"an account whose name begins with {prefix!r}")
        for entry in entries:
            if not entry.keys:
                raise _missing(f"a key of the account {entry.name!r}")
            traders.append(Trader(entry.name, entry.keys[0], prefix == MAKER_PREFIX))
    if not configuration.symbols:
        raise _missing("a symbol")
    return traders


def _missing(what: str) -> ConfigurationError:
    return ConfigurationError(
        "invalid_configuration",
        f"the simulated traders need {what}, which this configuration does not have; "
        "the development environment has all they need",
    )
