"""`tradsys snapshot`: the venue's state at the log's present end, written to disk."""

from __future__ import annotations

import time

from tradsys.cli.common import DEFAULT_DIRECTORY, DataDirectory, friendly_errors, print_json, warnings_on
from tradsys.cli.operator import AsJson


def snapshot(data_dir: DataDirectory = DEFAULT_DIRECTORY, as_json: AsJson = False) -> None:
    """Write the state of a venue that runs, or of one that is stopped, so that starts need not read the whole log.

    The venue is not stopped for it: the state is worked out here, from the newest snapshot and the log behind it.
    """
    with friendly_errors():
        import msgspec
        from rich.console import Console

        from workers.snapshot.files import Snapshot
        from workers.snapshot.taking import snapshot_venue

        console = Console(stderr=as_json)
        started = time.monotonic()
        with console.status("following the log") as status:
            path = snapshot_venue(
                data_dir,
                warnings_on(console),
                lambda sequence: status.update(f"following the log: {sequence:,} records"),
            )
        with Snapshot(path) as written:
            sequence, size = written.heading.sequence, written.bytes
        if as_json:
            print_json(msgspec.json.encode({"file": str(path), "sequence": sequence, "bytes": size}))
            return
        console.print(
            f"the state after {sequence:,} records is in {path} ({size / 2**20:.1f} MiB), checked by reading it back; "
            f"{time.monotonic() - started:.1f} s",
            soft_wrap=True,
            highlight=False,
        )
