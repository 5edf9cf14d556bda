"""The venue's configuration: typed, layered from files and environment variables, every mistake told at once.

Later layers win: config/base.yaml, config/environments/<environment>.yaml, the user's file, then variables
such as TRADSYS__GATEWAY__PORT=9000, whose values are read as YAML.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from tradsys.configuration.mistakes import InvalidConfigurationError, Mistake
from tradsys.configuration.origin import Origin
from tradsys.configuration.sections import Configuration
from tradsys.configuration.sources import ENVIRONMENTS

__all__ = ["ENVIRONMENTS", "Configuration", "InvalidConfigurationError", "Mistake", "Origin", "load"]


def load(
    environment: str = "development", overrides: Path | None = None, environ: Mapping[str, str] | None = None
) -> Configuration:
    """The configuration of `environment`, with the user's file `overrides` and the variables of `environ` on top.

    `environ` is the process's environment when not given. Raises InvalidConfigurationError with every mistake.
    """
    return Origin(environment, overrides, os.environ if environ is None else environ).read().configuration
