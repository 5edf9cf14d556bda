"""One tree of exceptions and one table of error codes, which the core's reasons share.

Code on the hot path returns a Reason instead of raising; `from_reason` finds what a client is told.
"""

from tradsys.errors.table import Category, Entry, entries, entry, from_reason
from tradsys.errors.tree import (
    BusinessRuleError,
    ConfigurationError,
    ExternalServiceError,
    InfrastructureError,
    OperatingError,
    OrderEndedError,
    PerformanceError,
    SecurityError,
    TradingError,
    ValidationError,
    error,
    kind,
)

__all__ = [
    "BusinessRuleError",
    "Category",
    "ConfigurationError",
    "Entry",
    "ExternalServiceError",
    "InfrastructureError",
    "OperatingError",
    "OrderEndedError",
    "PerformanceError",
    "SecurityError",
    "TradingError",
    "ValidationError",
    "entries",
    "entry",
    "error",
    "from_reason",
    "kind",
]
