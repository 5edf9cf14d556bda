"""Reading a configuration beside the supervisor: many thousands of accounts take seconds, a file system that hangs
takes for ever, and a worker that dies meanwhile is not to wait for that.

It is done by a process of its own (`python -m workers.rereading`): a thread would keep the interpreter to itself while
YAML is parsed. What is asked and answered goes through pipes, because there are keys in it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path

import msgspec

from tradsys.configuration import Configuration, InvalidConfigurationError, Mistake, Origin
from tradsys.configuration.changes import Change, changes, effective
from tradsys.configuration.rules import broken_rules
from tradsys.errors import InfrastructureError, OperatingError
from workers.process import SUPERVISOR_VARIABLE, die_with_parent

_NICENESS = 10
"""Orders go before."""
_END_SECONDS_MAX = 5.0


class RereadingError(OperatingError, InfrastructureError):
    """The process that read could not do so, for a reason that is not in the files."""

    CODE = "host_refused"


class Wanted(msgspec.Struct, frozen=True):
    """What was read: the configuration that can count without a restart, and all that differs from what counts now.

    `files`, `variables` and `credentials` are those of tradsys.configuration.origin.Read.
    """

    counting: Configuration
    changes: list[Change]
    files: list[str]
    variables: dict[str, str]
    credentials: dict[str, str]


class _Request(msgspec.Struct, frozen=True):
    environment: str
    overrides: str | None
    environ: dict[str, str]
    running: Configuration


class _Answer(msgspec.Struct, frozen=True):
    """One of the three."""

    wanted: Wanted | None = None
    mistakes: list[Mistake] = []
    fault: str = ""


class Rereading:
    """A process that reads and checks what `origin` says now, for a venue that runs with `running`."""

    def __init__(self, origin: Origin, running: Configuration, done: Callable[[], None]) -> None:
        """Begin. `done` is called when it is, from another thread. Raises OSError."""
        overrides = None if origin.overrides is None else str(origin.overrides)
        self._request = _Request(origin.environment, overrides, origin.variables(), running)
        self._done = done
        self._answer: _Answer | None = None
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, SUPERVISOR_VARIABLE: str(os.getpid())},
            process_group=0,
        )
        self._thread = threading.Thread(target=self._wait, name="configuration", daemon=True)
        self._thread.start()

    @property
    def is_done(self) -> bool:
        """Whether there is an answer."""
        return self._answer is not None

    def result(self) -> Wanted:
        """What was read, when it is done. Raises InvalidConfigurationError, RereadingError."""
        answer = self._answer
        assert answer is not None, "what was read is asked for when it has been"
        if answer.mistakes:
            raise InvalidConfigurationError(answer.mistakes)
        assert (answer.wanted is None) == bool(answer.fault), "it was read, or why not is told"
        if answer.wanted is None:
            raise RereadingError(answer.fault)
        return answer.wanted

    def close(self) -> None:
        """End the process, whether it is done or not."""
        self._process.kill()
        self._thread.join(_END_SECONDS_MAX)  # not even that ends one whose file system hangs

    def _wait(self) -> None:
        try:
            assert self._answer is None, "one question has one answer"
            said, _ = self._process.communicate(msgspec.json.encode(self._request))
            status = self._process.returncode
            no_answer = _Answer(fault=f"the process that reads ended with status {status} and no answer")
            self._answer = msgspec.json.decode(said, type=_Answer) if said else no_answer
        except Exception:  # whoever waits for an answer gets one
            self._answer = _Answer(fault=traceback.format_exc())
        self._done()


def _answered(request: _Request) -> _Answer:
    overrides = None if request.overrides is None else Path(request.overrides)
    try:
        return _Answer(_wanted(Origin(request.environment, overrides, request.environ), request.running))
    except InvalidConfigurationError as error:
        return _Answer(mistakes=error.mistakes)
    except Exception:  # a fault of ours, and the venue goes on with what it has
        return _Answer(fault=traceback.format_exc())


def _wanted(origin: Origin, running: Configuration) -> Wanted:
    read = origin.read()
    counting = effective(running, read.configuration)
    # New symbols, say, may need room that only a restart gives.
    mistakes = broken_rules(counting, read.layers, [])
    if mistakes:
        raise InvalidConfigurationError(mistakes)
    found = changes(running, read.configuration)
    assert all(change.when != "restart" for change in changes(running, counting)), "what counts needs no restart"
    return Wanted(counting, found, [str(file) for file in read.files], read.layers.variables(), read.credentials)


def main() -> None:
    """Answer the one request that comes on stdin."""
    die_with_parent()
    os.nice(_NICENESS)
    request = msgspec.json.decode(sys.stdin.buffer.read(), type=_Request)
    sys.stdout.buffer.write(msgspec.json.encode(_answered(request)))


if __name__ == "__main__":
    main()
