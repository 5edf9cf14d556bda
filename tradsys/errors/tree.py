"""The tree of exceptions: one class for each category of the table, all of them a TradingError."""

from __future__ import annotations

import contextvars
import time
import traceback
from collections.abc import Mapping
from typing import Any, ClassVar

from structlog.contextvars import get_contextvars

from tradsys.errors.table import Category, entry


class TradingError(Exception):
    """Anything that the venue tells its user about: a stable code, a message, and the field it is about.

    `timestamp_ns`, `context` and `stack` are for the log; a client never gets them.
    """

    def __init__(
        self,
        code: str,
        message: str | None = None,
        *,
        field: str | None = None,
        details: Mapping[str, Any] | None = None,
        cause: BaseException | None = None,
    ) -> None:
        self.entry = entry(code)
        self.code = code
        self.message = message or self.entry.sentence
        self.field = field
        self.details = dict(details or {})
        self.timestamp_ns = time.time_ns()
        """When it was made, ns since 1970."""
        self._context = contextvars.copy_context()  # takes as long whatever is in it: errors are made while orders flow
        super().__init__(self.message)
        if cause is not None:
            self.__cause__ = cause

    @property
    def status(self) -> int:
        """The HTTP status that goes with the code."""
        return self.entry.status

    @property
    def category(self) -> Category:
        """Whose turn it is."""
        return self.entry.category

    @property
    def cause(self) -> BaseException | None:
        """The exception behind this one."""
        return self.__cause__

    @property
    def context(self) -> dict[str, Any]:
        """What the log's lines carried where it was made: request, session, account."""
        return self._context.run(get_contextvars)

    @property
    def stack(self) -> str:
        """The traceback, with those of its causes."""
        return "".join(traceback.format_exception(self))

    def to_mapping(self) -> dict[str, Any]:
        """What a client gets: `code`, `category`, `message`, and `field` and `details` where there are any."""
        answer: dict[str, Any] = {"code": self.code, "category": self.category.value, "message": self.message}
        if self.field is not None:
            answer["field"] = self.field
        if self.details:
            answer["details"] = self.details
        return answer


class ValidationError(TradingError):
    """The request itself is wrong; sending it again unchanged gives the same answer."""


class BusinessRuleError(TradingError):
    """The request is well formed, and the market or the account does not allow it now."""


class SecurityError(TradingError):
    """Who sent the request may not."""


class PerformanceError(TradingError):
    """Somebody was too slow, or there was too much at once."""


class InfrastructureError(TradingError):
    """The venue cannot serve the request at this moment."""


class ExternalServiceError(TradingError):
    """Another system did not answer, or not in a way that could be understood."""


class ConfigurationError(TradingError):
    """The venue cannot work with this configuration."""


class OrderEndedError(TradingError):
    """Not a failure: why an order ended without being filled."""


_KINDS: dict[Category, type[TradingError]] = {
    Category.VALIDATION: ValidationError,
    Category.BUSINESS_RULE: BusinessRuleError,
    Category.SECURITY: SecurityError,
    Category.PERFORMANCE: PerformanceError,
    Category.INFRASTRUCTURE: InfrastructureError,
    Category.EXTERNAL_SERVICE: ExternalServiceError,
    Category.CONFIGURATION: ConfigurationError,
    Category.OUTCOME: OrderEndedError,
}


def kind(code: str) -> type[TradingError]:
    """The class of the exceptions with this code. Raises KeyError for a code that is not in the table."""
    return _KINDS[entry(code).category]


def error(
    code: str,
    message: str | None = None,
    *,
    field: str | None = None,
    cause: BaseException | None = None,
    **details: Any,
) -> TradingError:
    """The exception of the table's kind for `code`, to be raised by the caller."""
    return kind(code)(code, message, field=field, details=details, cause=cause)


class OperatingError(TradingError):
    """What the people who run a venue are told. Each class has one code, and is of that code's kind as well."""

    CODE: ClassVar[str]

    def __init__(self, message: str | None = None) -> None:
        super().__init__(self.CODE, message)
