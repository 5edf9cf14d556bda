"""`make metrics`: how large and how entangled the code is, and what of it stands there twice.

Complexity is McCabe's, by ruff; length is in lines; what is there twice is found by pylint's symilar.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import statistics
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("shm", "tradsys", "workers", "gateway", "bench", "tests")
_SHOWN = 12
_COLUMNS = 120
_ALIKE_LINES_MIN = 8
_COMPLEXITY = re.compile(r"`(.+)` is too complex \((\d+) > 0\)")


class Function(msgspec.Struct, frozen=True):
    """One function or method."""

    file: str
    line: int
    name: str
    lines: int
    complexity: int


class Alike(msgspec.Struct, frozen=True):
    """The same lines in several places, `file:line` each."""

    lines: int
    places: list[str]


class Metrics(msgspec.Struct, frozen=True):
    """Everything that was measured. `lines` by file."""

    lines: dict[str, int]
    functions: list[Function]
    alike: list[Alike]


def sources(root: Path) -> list[Path]:
    """The files of the project's packages."""
    return sorted(path for package in PACKAGES for path in (root / package).rglob("*.py"))


def measure(root: Path, files: list[Path]) -> Metrics:
    """Measure these files; their names are told from `root` on."""
    names = [str(path.relative_to(root)) for path in files]
    complexity = _complexity(root, names)
    lines: dict[str, int] = {}
    functions: list[Function] = []
    for name in names:
        text = (root / name).read_text(encoding="utf-8")
        lines[name] = text.count("\n")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                functions.append(Function(name, node.lineno, node.name, length, complexity[name, node.lineno]))
    tests = "tests/"
    return Metrics(lines, functions, _alike(root, [name for name in names if not name.startswith(tests)]))


def _complexity(root: Path, names: list[str]) -> dict[tuple[str, int], int]:
    """By file and line of a function."""
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "C901", "--ignore-noqa"]
    command += ["--config", "lint.mccabe.max-complexity=0", "--output-format", "json", "--no-cache", *names]
    told = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    found = {}
    for each in json.loads(told.stdout):
        match = _COMPLEXITY.match(each["message"])
        assert match is not None, each["message"]
        file = str(Path(each["filename"]).relative_to(root))
        found[file, int(each["location"]["row"])] = int(match[2])
    return found


def _alike(root: Path, names: list[str]) -> list[Alike]:
    """Runs of equal lines; imports, docstrings, comments and signatures do not count."""
    ignored = ["--ignore-imports", "--ignore-docstrings", "--ignore-comments", "--ignore-signatures"]
    code = "import sys; from pylint import run_symilar; run_symilar(sys.argv[1:])"
    command = [sys.executable, "-c", code, f"--duplicates={_ALIKE_LINES_MIN}", *ignored, *names]
    told = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False).stdout
    found = []
    for block in told.split("similar lines in")[1:]:
        places = re.findall(r"^==(.+):\[(\d+):(\d+)\]$", block, re.MULTILINE)
        if places:
            lines = max(int(last) - int(first) for _, first, last in places)
            found.append(Alike(lines, [f"{name}:{int(first) + 1}" for name, first, _ in places]))
    return sorted(found, key=lambda alike: -alike.lines)


def _packages(measured: Metrics) -> Table:
    table = Table(
        "package", "files", "lines", "longest file", "functions", "lines each", "longest", "complexity", "most"
    )
    for package in PACKAGES:
        files = {name: lines for name, lines in measured.lines.items() if name.startswith(f"{package}/")}
        inside = [each for each in measured.functions if each.file in files]
        if inside:
            table.add_row(
                package,
                f"{len(files):,}",
                f"{sum(files.values()):,}",
                f"{max(files.values()):,}",
                f"{len(inside):,}",
                f"{statistics.mean(each.lines for each in inside):.1f}",
                f"{max(each.lines for each in inside)}",
                f"{statistics.mean(each.complexity for each in inside):.1f}",
                f"{max(each.complexity for each in inside)}",
            )
    return table


def _functions(title: str, functions: Iterable[Function]) -> Table:
    table = Table("function", "lines", "complexity", "place", title=title, title_justify="left")
    for each in functions:
        table.add_row(each.name, f"{each.lines}", f"{each.complexity}", f"{each.file}:{each.line}")
    return table


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.maintenance.metrics", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print everything that was measured as JSON")
    as_json = parser.parse_args().json
    measured = measure(ROOT, sources(ROOT))
    if as_json:
        sys.stdout.write(msgspec.json.encode(measured).decode() + "\n")
        return
    console = Console(width=_COLUMNS)
    console.print(_packages(measured))
    ours = [each for each in measured.functions if not each.file.startswith("tests/")]
    console.print(_functions("most branches", sorted(ours, key=lambda each: -each.complexity)[:_SHOWN]))
    console.print(_functions("longest", sorted(ours, key=lambda each: -each.lines)[:_SHOWN]))
    console.print(
        f"the same {_ALIKE_LINES_MIN} or more lines in several places: {len(measured.alike)} times, outside tests"
    )
    for alike in measured.alike:
        console.print(f"  {alike.lines} lines: {', '.join(alike.places)}")


if __name__ == "__main__":
    main()
