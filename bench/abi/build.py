"""Builds the shared library: `python -m bench.abi.build [output]`, by default bench/abi/libtradsys.so.

The library remembers this checkout and this environment, where it finds the kernel and the packages.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from bench.common import BenchmarkError

_FOLDER = Path(__file__).resolve().parent
_ROOT = _FOLDER.parent.parent
SOURCE = _FOLDER / "tradsys_abi.c"
DRIVER_SOURCE = _FOLDER / "measure.c"
OUTPUT = _FOLDER / "libtradsys.so"
_FLAGS = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-fvisibility=hidden")


class BuildError(BenchmarkError):
    """The library cannot be built here; the message says why."""


def compiler() -> str:
    """The C compiler: $CC, or the first of cc, gcc and clang. Raises BuildError when there is none."""
    names = [os.environ["CC"]] if os.environ.get("CC") else ["cc", "gcc", "clang"]
    found = next((name for name in names if shutil.which(shlex.split(name)[0])), None)
    if found is None:
        raise BuildError(f"no C compiler was found ({', '.join(names)}); $CC can name one")
    return found


def python_library() -> Path:
    """This Python as a shared library. Raises BuildError when it has none, or not its headers."""
    include = Path(sysconfig.get_path("include"))
    if not (include / "Python.h").exists():
        raise BuildError(f"Python's headers are not installed: there is no {include / 'Python.h'}")
    name = sysconfig.get_config_var("INSTSONAME") or ""
    folders = [sysconfig.get_config_var("LIBDIR") or "", sysconfig.get_config_var("LIBPL") or ""]
    paths = [Path(folder) / name for folder in folders if folder and ".so" in name]
    multiarch = sysconfig.get_config_var("MULTIARCH")
    if multiarch and ".so" in name:
        paths.append(Path("/usr/lib") / multiarch / name)
    found = next((path for path in paths if path.exists()), None)
    if found is None:
        raise BuildError("this Python was built without a shared library (on Debian: apt-get install libpython3-dev)")
    return found


def build(output: Path = OUTPUT) -> Path:
    """Compile the library; gives its path. Raises BuildError."""
    places = {"TRADSYS_ROOT": str(_ROOT), "TRADSYS_PYTHON": sys.executable, "TRADSYS_LIBPYTHON": str(python_library())}
    options = [f"-I{sysconfig.get_path('include')}"]
    options += [f"-D{name}={json.dumps(value)}" for name, value in places.items()]
    return _compile(SOURCE, output, *options, libraries=("-ldl", "-lpthread"))


def build_driver(output: Path) -> Path:
    """Compile what times the library, see measure.py; gives its path. Raises BuildError."""
    return _compile(DRIVER_SOURCE, output, libraries=("-lpthread",))


def _compile(source: Path, output: Path, *options: str, libraries: tuple[str, ...]) -> Path:
    command = [*shlex.split(compiler()), *_FLAGS, *options, "-o", str(output), str(source), *libraries]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        raise BuildError(f"{shlex.join(command)} failed:\n{ran.stderr}")
    return output


def main() -> int:
    """Build for the command line."""
    try:
        print(build(Path(sys.argv[1]) if len(sys.argv) > 1 else OUTPUT))
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
