"""What counts in a venue: its configuration, with the roles and calendars that were set while it ran."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from tradsys.configuration import Configuration
from tradsys.configuration.sections import AccountEntry
from workers.administration.access import AccessFile
from workers.administration.calendar_file import CalendarFile


def counting(configuration: Configuration, directory: Path) -> Configuration:
    """The configuration with what the files of a data directory say otherwise.

    An account that it does not name, and that has been given roles, is in it by its name. Raises AccessError,
    CalendarsError.
    """
    roles = AccessFile(directory).read().roles_of_account(configuration)
    named = {entry.name: entry for entry in configuration.accounts}
    accounts = [replace(named.get(name, AccountEntry(name)), roles=sorted(found)) for name, found in roles.items()]
    assert len(accounts) >= len(named), "no account gets lost"
    calendars = CalendarFile(directory).read().over(configuration.calendars)
    return replace(configuration, accounts=accounts, calendars=calendars)
