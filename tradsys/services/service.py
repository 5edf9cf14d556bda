"""What everything that runs has in common: workers of a venue, and what its supervisor does beside them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from tradsys.configuration import Configuration
from tradsys.errors import TradingError
from tradsys.logging import logger

Report = Callable[[str], None]
"""Is told what comes next, in a few words."""


class Health(NamedTuple):
    """How a service is. `why` says what is wrong; `is_returning`: it is being brought back already."""

    why: str = ""
    is_returning: bool = False

    @property
    def is_well(self) -> bool:
        """Whether it does what it is there for."""
        return not self.why


class Service(ABC):
    """Something with a name that is started after what it needs and stopped before it.

    Everything that it works with is given to its constructor.
    """

    def __init__(self, name: str, needs: Iterable[str] = ()) -> None:
        """`needs`: the names of services that must serve before this one starts, and until it has stopped."""
        self.name = name
        self.needs = tuple(needs)
        self.logger = logger(name)

    @abstractmethod
    def start(self, report: Report) -> None:
        """Return when it serves. Raises what kept it from that; `stop` is called then."""

    def drain(self) -> None:  # noqa: B027 - most have nothing to finish
        """Take nothing more and finish what there is; does not wait for that."""

    @abstractmethod
    def stop(self) -> None:
        """Wait until it has drained, and release everything. Harmless when it has not started."""

    def health(self) -> Health:
        """How it is now; cheap enough to be asked several times a second."""
        return Health()

    def configure(self, configuration: Configuration) -> None:  # noqa: B027 - most have nothing that may change
        """Go on with another configuration, of which it takes what can change while it runs."""

    def metrics(self) -> Mapping[str, float]:
        """Figures that nobody else keeps, by name; a name ends in its unit."""
        return {}

    def handle_error(self, error: Exception) -> None:
        """Something went wrong that must not keep others from going on. By default it is only told."""
        code = error.code if isinstance(error, TradingError) else "internal_error"
        self.logger.error("the service fails", service=self.name, code=code, exc_info=error)
