"""What an installation does to a host, one step after the other; each can be told without being done."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple, Protocol

from tradsys.errors import InfrastructureError, OperatingError


class InstallationError(OperatingError, InfrastructureError):
    """The host cannot be changed as asked; the message says why and what to do."""

    CODE = "installation_failed"


class Step(Protocol):
    """One change."""

    def do(self) -> str:
        """Change the host; gives what was done, or that nothing had to be. Raises InstallationError, OSError."""

    def describe(self) -> str:
        """What `do` would do, in full."""


class Write(NamedTuple):
    """A file of this content; what was there is replaced, unless it is the operator's to `keep`."""

    path: Path
    text: str
    mode: int = 0o644
    keep: bool = False

    def do(self) -> str:
        before = self.path.read_text() if self.path.exists() else None
        if before == self.text or (self.keep and before is not None):
            return f"{'kept' if self.keep else 'unchanged'} {self.path}"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.path.with_name(f"{self.path.name}.new")
        temporary.touch(mode=self.mode)
        temporary.write_text(self.text)
        temporary.chmod(self.mode)
        temporary.rename(self.path)
        return f"{'wrote' if before is None else 'updated'} {self.path}"

    def describe(self) -> str:
        condition = ", unless it is there" if self.keep else ""
        return f"write {self.path} (mode {self.mode:o}{condition}):\n\n{_indented(self.text)}"


class Remove(NamedTuple):
    """No such file, or no such directory with all that is in it."""

    path: Path

    def do(self) -> str:
        if self.path.is_dir() and not self.path.is_symlink():
            shutil.rmtree(self.path)
        elif self.path.exists() or self.path.is_symlink():
            self.path.unlink()
        else:
            return f"no {self.path}"
        return f"removed {self.path}"

    def describe(self) -> str:
        return f"remove {self.path}"


class Run(NamedTuple):
    """A command of the host. With `tolerant` its failure is told, and the steps go on."""

    command: tuple[str, ...]
    tolerant: bool = False

    def do(self) -> str:
        said = " ".join(self.command)
        try:
            done = subprocess.run(self.command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            if self.tolerant:
                return f"not run, there is no {self.command[0]} here: {said}"
            raise InstallationError(f"there is no {self.command[0]} on this host: {said} cannot be run") from None
        if done.returncode and not self.tolerant:
            raise InstallationError(f"{said} failed: {done.stderr.strip() or done.stdout.strip()}")
        return f"{'failed' if done.returncode else 'ran'} {said}"

    def describe(self) -> str:
        return f"run {' '.join(self.command)}"


def _indented(text: str) -> str:
    return "".join(f"    {line}\n" if line else "\n" for line in text.splitlines())
