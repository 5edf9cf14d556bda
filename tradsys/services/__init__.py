"""Services: what runs as part of a venue, in which order it starts and stops, and in which state the whole is."""

from tradsys.services.lifecycle import InvalidTransitionError, Lifecycle, State
from tradsys.services.registry import Registry, RegistryError
from tradsys.services.service import Health, Report, Service

__all__ = [
    "Health",
    "InvalidTransitionError",
    "Lifecycle",
    "Registry",
    "RegistryError",
    "Report",
    "Service",
    "State",
]
