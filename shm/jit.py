"""The one place where kernels are compiled: `@kernel`, and the cache that all processes share.

Numba's own cache of a function does not notice when a function that it calls in *another* file changes.
So the cache directory carries a hash of every source file that holds a kernel: an edit gives a new, empty
directory, and stale machine code can never run.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core import config as numba_config
from numba.core.dispatcher import Dispatcher
from numba.core.types.misc import unliteral

from shm.assertions import DEBUG
from shm.indexing import KernelCompiler

JIT_DISABLED: bool = bool(numba_config.DISABLE_JIT)
"""True when NUMBA_DISABLE_JIT is set: kernels then run as plain Python, slowly, with readable tracebacks."""

_ROOT = Path(__file__).resolve().parent.parent
_PACKAGES = ("shm", "tradsys", "workers", "gateway", "bench")
_MARKS = (b"@kernel", b"@intrinsic", b"np.dtype", b"IntEnum", b"IntFlag")
"""What makes a source file matter to machine code: kernels, record layouts, and constants baked into kernels. So does
everything that such a file imports from: other constants may come from there."""
_IMPORT = re.compile(rb"^from ((?:%s)(?:\.\w+)*) import" % b"|".join(name.encode() for name in _PACKAGES), re.MULTILINE)
_KEPT_CACHES = 8
_Function = TypeVar("_Function", bound=Callable[..., Any])


def _sources_digest() -> str:
    digest = hashlib.sha256(f"numba {numba.__version__}{' debug' * DEBUG}".encode())
    sources = {
        path.relative_to(_ROOT).with_suffix("").as_posix(): path.read_bytes()
        for package in _PACKAGES
        for path in (_ROOT / package).rglob("*.py")
    }
    assert "shm/jit" in sources, "the sources are where this one is"
    marked = {name for name, text in sources.items() if any(mark in text for mark in _MARKS)}
    imported = {module.decode().replace(".", "/") for name in marked for module in _IMPORT.findall(sources[name])}
    for name in sorted(marked | (imported & sources.keys())):
        digest.update(name.encode())
        digest.update(sources[name])
    return digest.hexdigest()[:16]


def _drop_old_caches(parent: Path) -> None:
    """Keep the newest few caches, so that a month of edits does not fill the disk."""
    caches = sorted(parent.glob("kernels-*"), key=lambda path: path.stat().st_mtime, reverse=True)
    for stale in caches[_KEPT_CACHES:]:
        shutil.rmtree(stale, ignore_errors=True)


def cache_directory() -> Path:
    """Where the compiled kernels of exactly these sources live, below $TRADSYS_CACHE_DIR or the user's cache."""
    base = os.environ.get("TRADSYS_CACHE_DIR")
    root = Path(base) if base else Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "tradsys"
    return root / f"kernels-{_sources_digest()}"


def _prepare_cache() -> Path:
    directory = cache_directory()
    if JIT_DISABLED:
        return directory  # nothing is compiled, so nothing older must go for it
    known = directory.exists()
    directory.mkdir(parents=True, exist_ok=True)
    os.utime(directory)  # in use: not among the oldest
    if not known:
        _drop_old_caches(directory.parent)
    numba_config.CACHE_DIR = str(directory)
    numba_config.CACHE_LOCATOR_CLASSES = "shm.kernelcache.ProjectCacheLocator"
    return directory


CACHE_DIRECTORY = _prepare_cache()

_OPTIONS: dict[str, Any] = {
    "cache": True,
    "nogil": True,
    "_nrt": False,
    "error_model": "numpy",
    "boundscheck": False,
    "pipeline_class": KernelCompiler,
}


def _compiled(function: _Function, **options: Any) -> _Function:
    assert "<locals>" not in function.__qualname__, "a kernel stands at the level of its module"
    dispatcher = numba.njit(**options, **_OPTIONS)(function)
    if isinstance(dispatcher, Dispatcher):
        # A constant as argument is an integer like any other: numba would compile a function anew for each.
        usual = dispatcher.get_call_template
        setattr(dispatcher, "get_call_template", lambda args, kws: usual([unliteral(arg) for arg in args], kws))  # noqa: B010
    return cast(_Function, dispatcher)


def kernel(function: _Function) -> _Function:
    """Compile `function` with numba in nopython mode, cached on disk, without bounds checks or the GIL.

    The function must live at module level in a file, allocate nothing, and index arrays from their start (see
    shm/indexing.py). Division follows numpy (no exception on zero). Two options matter more than all others, measured
    on the book's kernel (see docs/adr/0002): without numba's reference counting an array argument costs nothing
    (620 -> 51 ns a message), and inlining keeps the many-array state out of calls (51 -> 16 ns).
    """
    return _compiled(function, forceinline=True)


def kernel_entry(function: _Function) -> _Function:
    """As `kernel`, but compiled once and called: for the few large functions that several loops share."""
    # Said expressly: numba would else take the option over from whichever kernel is being compiled.
    return _compiled(function, forceinline=False)
