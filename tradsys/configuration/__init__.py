"""The venue's configuration: typed, layered from files and environment variables, every mistake told at once.

Later layers win: config/base.yaml, config/environments/<environment>.yaml, the user's file, then variables
such as TRADSYS__GATEWAY__PORT=9000, whose values are read as YAML.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from tradsys.configuration.conversion import convert
from tradsys.configuration.mistakes import InvalidConfigurationError, Mistake
from tradsys.configuration.rules import broken_rules
from tradsys.configuration.sections import Configuration
from tradsys.configuration.sources import ENVIRONMENTS, gather

__all__ = ["ENVIRONMENTS", "Configuration", "InvalidConfigurationError", "Mistake", "load"]


def load(
    environment: str = "development", overrides: Path | None = None, environ: Mapping[str, str] | None = None
) -> Configuration:
    """The configuration of `environment`, with the user's file `overrides` and the variables of `environ` on top.

    `environ` is the process's environment when not given. Raises InvalidConfigurationError with every mistake.
    """
    raw, mistakes = gather(environment, overrides, os.environ if environ is None else environ)
    configuration, wrong = convert(Configuration, raw)
    mistakes += wrong
    mistakes += broken_rules(configuration, raw, mistakes)
    if mistakes:
        raise InvalidConfigurationError(mistakes)
    return configuration
