"""What a venue tells about itself in its directory."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

import msgspec

from tests.workers.stepped import SIZES, compact, describe
from tradsys.configuration import load
from workers import venue as venues


def test_the_address_of_a_gateway_that_goes_away_while_it_is_read_is_left_out(tmp_path: Path) -> None:
    directory = venues.run_directory(tmp_path)
    directory.mkdir()
    venues.write_address(tmp_path, "gateway-0", "http://127.0.0.1:1")
    (directory / "gateway-1.address").symlink_to(directory / "gone")
    assert venues.addresses(tmp_path) == {"gateway-0": "http://127.0.0.1:1"}


def test_the_files_of_a_venue_hold_no_keys_and_are_its_owners_alone(tmp_path: Path) -> None:
    described = describe(tmp_path, compact(), SIZES)
    venue = msgspec.structs.replace(described, configuration=load("testing", environ={}))
    assert venue.configuration.accounts[0].keys == ["alice-key"]
    venues.write(venue)
    files = [tmp_path / "last-venue.json", venues.run_directory(tmp_path) / "venue.json"]
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600, 0o600]
    assert not any("alice-key" in file.read_text() for file in files)
    fingerprint = hashlib.sha256(b"alice-key").hexdigest()
    assert venues.read(tmp_path).configuration.accounts[0].keys == [f"sha256:{fingerprint}"]
