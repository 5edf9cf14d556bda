"""Where one venue's configuration comes from, so that it can be read again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tradsys.configuration import secrets
from tradsys.configuration.conversion import convert
from tradsys.configuration.mistakes import InvalidConfigurationError
from tradsys.configuration.rules import broken_rules
from tradsys.configuration.sections import Configuration
from tradsys.configuration.sources import Layers, files_of, gather


class Read(NamedTuple):
    """A configuration that is right; `layers` have what was written, and where. `files` were read, or looked for."""

    origin: Origin
    configuration: Configuration
    layers: Layers
    files: list[Path]


class Origin(NamedTuple):
    """An environment, the user's file on top of it, and the variables on top of that."""

    environment: str
    overrides: Path | None
    environ: Mapping[str, str]

    def read(self, *, open_secrets: bool = True) -> Read:
        """Read everything. Raises InvalidConfigurationError with every mistake.

        Without `open_secrets` keys stay as they are written: systemd shows its credentials to the service alone.
        """
        layers, mistakes = gather(self.environment, self.overrides, self.environ)
        converted, wrong = convert(Configuration, layers)
        mistakes += wrong
        configuration = converted
        if open_secrets:
            configuration, wrong = secrets.opened(converted, layers, self.environ)
            mistakes += wrong
        mistakes += broken_rules(configuration, layers, mistakes)
        if mistakes:
            raise InvalidConfigurationError(mistakes)
        kept = secrets.secrets_file(configuration.environment, configuration.security.secrets_file)
        return Read(self, configuration, layers, [*files_of(self.environment, self.overrides), kept])
