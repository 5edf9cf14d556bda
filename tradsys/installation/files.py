"""The files of the service: from the checkout's systemd/, or the folder that the installed package carries."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tradsys.installation.steps import InstallationError

_PROGRAM = "/opt/tradsys/bin/tradsys"
"""What the units in the folder call."""
_HIDDEN = ("/home", "/root", "/run/user", "/tmp", "/var/tmp")  # noqa: S108 - places that are looked for, not used

UNITS = ("tradsys.target", "tradsys.slice", "tradsys.service", "tradsys-gateway@.service")


def directory() -> Path:
    """The folder with the units."""
    package = Path(__file__).resolve().parent.parent
    for candidate in (package.parent / "systemd", package / "_systemd"):
        if (candidate / "tradsys.service").is_file():
            return candidate
    raise FileNotFoundError(f"tradsys.service is neither beside nor inside {package}: the installation is incomplete")


def unit(name: str, program: Path) -> str:
    """The text of a unit that calls this `tradsys`."""
    return (directory() / name).read_text(encoding="utf-8").replace(_PROGRAM, str(program))


def own_program() -> Path:
    """The `tradsys` of this environment. Raises InstallationError."""
    program = Path(sys.executable).parent / "tradsys"
    if not program.is_file():
        raise InstallationError(
            f"there is no {program}: install TradSys with pip into the environment of {sys.executable}"
        )
    return program


def check_rights(root: Path) -> None:
    """Raise InstallationError when this process may not change the host."""
    if root == Path("/") and os.geteuid() != 0:
        raise InstallationError(
            "this changes the system and needs root: use sudo, or see what it would do with --dry-run"
        )


def check_reachable(program: Path) -> None:
    """Raise InstallationError when the service, which runs as a user of its own, could not call this program."""
    for file in (program, program.with_name("python").resolve()):
        why = _why_unreachable(file)
        if why:
            raise InstallationError(
                f"the service could not run {file}: {why}. Install TradSys where every user can read it: "
                "python3 -m venv /opt/tradsys && /opt/tradsys/bin/pip install tradsys-*.whl"
            )


def _why_unreachable(file: Path) -> str:
    for hidden in _HIDDEN:
        if file.is_relative_to(hidden):
            return f"services do not see {hidden}"
    for parent in file.parents:
        if not parent.stat().st_mode & 0o001:
            return f"{parent} is closed to other users"
    return ""
