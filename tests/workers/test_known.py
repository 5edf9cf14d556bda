"""Which accounts a venue has that rests, by its log."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.factories import define_account
from tests.workers.stepped import SteppedVenue, compact
from tests.workers.test_snapshot import take
from workers import venue as venues
from workers.administration.known import account_names
from workers.venue import VenueNotRunningError


def test_accounts_are_those_of_the_snapshot_and_of_the_log_behind_it(tmp_path: Path) -> None:
    with pytest.raises(VenueNotRunningError, match="no venue has run in"):
        account_names(tmp_path)
    venue = SteppedVenue(tmp_path, compact(), segment_bytes=1 << 16)
    venues.write(venue.description)
    venues.remove(tmp_path)
    venue.define(accounts=2)
    first = account_names(tmp_path)
    assert len(set(first)) == 2
    take(venue)
    venue.submit(define_account(2), 1)  # which there is, and which is refused
    venue.submit(define_account(3), 1)
    venue.settle()
    assert account_names(tmp_path)[:2] == first
    assert len(set(account_names(tmp_path))) == 3
    venue.close()
