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
from tradsys.configuration.sources import VARIABLE_PREFIX, Layers, files_of, gather


class Read(NamedTuple):
    """A configuration that is right; `layers` have what was written, and where. `files` were read, or looked for.

    `credentials`: fingerprints by name of those of systemd that keys name.
    """

    origin: Origin
    configuration: Configuration
    layers: Layers
    files: list[Path]
    credentials: dict[str, str]


class Origin(NamedTuple):
    """An environment, the user's file on top of it, and the variables on top of that."""

    environment: str
    overrides: Path | None
    environ: Mapping[str, str]

    def variables(self) -> dict[str, str]:
        """Those of the variables that matter."""
        return {
            name: value
            for name, value in self.environ.items()
            if name.startswith(VARIABLE_PREFIX) or name == secrets.CREDENTIALS_VARIABLE
        }

    def read(self, *, open_secrets: bool = True, credentials: Mapping[str, str] | None = None) -> Read:
        """Read everything. Raises InvalidConfigurationError with every mistake.

        Systemd shows its credentials to the service alone. Without `open_secrets` keys stay as they are written;
        `credentials` are fingerprints, by name, of those that a service has.
        """
        layers, mistakes = gather(self.environment, self.overrides, self.environ)
        converted, wrong = convert(Configuration, layers)
        mistakes += wrong
        configuration, found = converted, dict(credentials or {})
        if open_secrets:
            configuration, wrong, found = secrets.opened(converted, layers, self.environ, found)
            mistakes += wrong
        mistakes += broken_rules(configuration, layers, mistakes)
        if mistakes:
            raise InvalidConfigurationError(mistakes)
        kept = secrets.secrets_file(configuration.environment, configuration.security.secrets_file)
        return Read(self, configuration, layers, [*files_of(self.environment, self.overrides), kept], found)
