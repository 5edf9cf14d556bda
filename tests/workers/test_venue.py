"""What a venue tells about itself in its directory."""

from __future__ import annotations

from pathlib import Path

from workers import venue as venues


def test_the_address_of_a_gateway_that_goes_away_while_it_is_read_is_left_out(tmp_path: Path) -> None:
    directory = venues.run_directory(tmp_path)
    directory.mkdir()
    venues.write_address(tmp_path, "gateway-0", "http://127.0.0.1:1")
    (directory / "gateway-1.address").symlink_to(directory / "gone")
    assert venues.addresses(tmp_path) == {"gateway-0": "http://127.0.0.1:1"}
