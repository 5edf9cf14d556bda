"""The steps that make a service of the host out of this installation, and those that take it away."""

from __future__ import annotations

from pathlib import Path

from tradsys.installation.files import UNITS, directory, unit
from tradsys.installation.steps import Remove, Run, Step, Write

_UNIT_DIRECTORY = "etc/systemd/system"
_APART = f"{_UNIT_DIRECTORY}/tradsys.service.d/gateways.conf"
_CONFIGURATION, _STATE, _CACHE = "etc/tradsys", "var/lib/tradsys", "var/cache/tradsys"
_RUNTIME = "run/tradsys"
_HOST = Path("/")
GATEWAYS_MAX = 64


def installation(root: Path, program: Path, gateways: int) -> list[Step]:
    """Units, user and directories below `root`, and the first configuration. `gateways`: how many are services.

    0: the venue starts its gateways itself.
    """
    assert 0 <= gateways <= GATEWAYS_MAX
    here = directory()
    units = root / _UNIT_DIRECTORY
    steps: list[Step] = [Write(units / name, unit(name, program)) for name in UNITS]
    steps.append(Write(root / _APART, _apart(gateways)) if gateways else Remove(root / _APART))
    for kind in ("sysusers.d", "tmpfiles.d"):
        steps.append(Write(root / "etc" / kind / "tradsys.conf", (here / kind / "tradsys.conf").read_text()))
    example = (here / "venue.yaml").read_text(encoding="utf-8")
    steps.append(Write(root / _CONFIGURATION / "venue.yaml", example, 0o640, keep=True))
    steps.append(Run(("systemd-sysusers", f"--root={root}", "tradsys.conf")))
    steps.append(Run(("systemd-tmpfiles", f"--root={root}", "--create", "tradsys.conf")))
    enabled = [
        "tradsys.target",
        "tradsys.service",
        *(f"tradsys-gateway@{number}.service" for number in range(gateways)),
    ]
    for number in range(gateways, GATEWAYS_MAX):
        if (units / "tradsys.target.wants" / f"tradsys-gateway@{number}.service").is_symlink():
            steps.append(Run((*_systemctl(root), "disable", f"tradsys-gateway@{number}.service")))
    steps.append(Run((*_systemctl(root), "enable", *enabled)))
    if root == _HOST:
        steps.append(Run(("systemctl", "daemon-reload"), tolerant=True))
    return steps


def removal(root: Path, *, purge: bool) -> list[Step]:
    """Stop the service and remove its files; configuration, data and user only with `purge`."""
    units = root / _UNIT_DIRECTORY
    names = ["tradsys.target", "tradsys.service"]
    names += sorted(path.name for path in (units / "tradsys.target.wants").glob("tradsys-gateway@*.service"))
    steps: list[Step] = []
    if (units / "tradsys.service").exists():
        if root == _HOST:
            steps.append(Run(("systemctl", "stop", "tradsys.target", "tradsys.service"), tolerant=True))
        steps.append(Run((*_systemctl(root), "disable", *names), tolerant=True))
    steps += [Remove(units / name) for name in UNITS]
    steps.append(Remove(root / _APART))
    steps += [Remove(root / "etc" / kind / "tradsys.conf") for kind in ("sysusers.d", "tmpfiles.d")]
    steps.append(Remove(root / _RUNTIME))
    if purge:
        steps += [Remove(root / place) for place in (_CONFIGURATION, _STATE, _CACHE)]
        steps += [Remove(units / f"{name}.d") for name in UNITS]
        steps.append(Run(("userdel", *_below(root), "tradsys"), tolerant=True))
    if root == _HOST:
        steps.append(Run(("systemctl", "daemon-reload"), tolerant=True))
    return steps


def _apart(gateways: int) -> str:
    return (
        f"# Made by `tradsys install-service --gateways {gateways}`: gateways are services of their own.\n"
        "[Service]\n"
        "Environment=TRADSYS_UP_OPTIONS=--no-gateways\n"
        f"Environment=TRADSYS__GATEWAY__COUNT={gateways}\n"
    )


def _systemctl(root: Path) -> tuple[str, ...]:
    return ("systemctl",) if root == _HOST else ("systemctl", f"--root={root}")


def _below(root: Path) -> tuple[str, ...]:
    return () if root == _HOST else ("--root", str(root))
