"""Rules of the house that no linter knows: determinism of the core, size of files, words, places of tests."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("shm", "tradsys", "workers", "gateway", "bench")
FILE_LINES_MAX = 500

SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
CORE = [
    path
    for path in SOURCES
    if path.relative_to(ROOT).as_posix() in ("tradsys/options.py", "tradsys/records.py", "tradsys/reasons.py")
    or path.is_relative_to(ROOT / "tradsys" / "book")
    or path.is_relative_to(ROOT / "tradsys" / "ledger")
    or path.is_relative_to(ROOT / "tradsys" / "risk")
]

# What the core may import; clocks, doorbells and segments of shm are outside.
CORE_IMPORTS = (
    "__future__",
    "collections.abc",
    "enum",
    "typing",
    "numpy",
    "shm.arena",
    "shm.atomics",
    "shm.broadcast",
    "shm.division",
    "shm.hashing",
    "shm.integers",
    "shm.jit",
    "shm.pool",
    "shm.ring",
    "shm.table",
    "tradsys.book",
    "tradsys.ledger",
    "tradsys.risk",
    "tradsys.options",
    "tradsys.reasons",
    "tradsys.records",
)
CORE_NAMES_BANNED = {"cycles", "float", "frozenset", "hash", "id", "input", "open", "print", "set", "eval", "exec"}
CORE_ATTRIBUTES_BANNED = {"random", "float16", "float32", "float64", "datetime64", "mean", "true_divide", "divide"}

BANNED_WORDS = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|ha" r"ck\w*)\b", re.IGNORECASE)


def _names(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def _annotations(tree: ast.Module) -> set[int]:
    """The nodes of annotations: `-> float` computes nothing."""
    found: set[int] = set()
    for node in ast.walk(tree):
        annotation = getattr(node, "annotation", None) or getattr(node, "returns", None)
        if isinstance(annotation, ast.AST):
            found.update(map(id, ast.walk(annotation)))
    return found


def nondeterminism(source: str) -> Iterator[str]:
    """What in a core module could make two replays of one log differ, as `line: what`."""
    tree = ast.parse(source)
    skipped = _annotations(tree)
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        place = f"{getattr(node, 'lineno', 0)}: "
        for name in _imported(node):
            if not any(name == allowed or name.startswith(f"{allowed}.") for allowed in CORE_IMPORTS):
                yield f"{place}imports {name}"
            if name.rpartition(".")[2] in CORE_NAMES_BANNED | CORE_ATTRIBUTES_BANNED:
                yield f"{place}imports {name}"
        match node:
            case ast.Name(id=name) if name in CORE_NAMES_BANNED:
                yield f"{place}uses {name}"
            case ast.Attribute(attr=name) if name in CORE_ATTRIBUTES_BANNED:
                yield f"{place}uses .{name}"
            case ast.Constant(value=float() | complex()):
                yield f"{place}has the float {node.value!r}"
            case ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()):
                yield f"{place}divides into a float"
            case ast.Set() | ast.SetComp():
                yield f"{place}builds a set, whose order is not its own"
            case _:
                pass


def _calls(source: str, name: str) -> list[int]:
    """Lines that call `name(...)` or `anything.name(...)`."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and (
            (isinstance(node.func, ast.Name) and node.func.id == name)
            or (isinstance(node.func, ast.Attribute) and node.func.attr == name)
        )
    ]


@pytest.mark.parametrize("path", CORE, ids=_names)
def test_the_core_has_no_clock_no_chance_no_floats_and_no_io(path: Path) -> None:
    assert list(nondeterminism(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "source",
    [
        "import time",
        "import os.path",
        "from datetime import datetime",
        "from random import random",
        "import secrets, uuid",
        "import socket",
        "from numpy import random",
        "from shm.clock import monotonic_ns",
        "from shm.atomics import cycles",
        "from tradsys.configuration import load",
        "open('x')",
        "x = 0.5",
        "x = float(1)",
        "x = y / 2",
        "x /= 2",
        "x = np.float64(1)",
        "x = np.random.default_rng()",
        "for x in {1, 2}: pass",
        "x = set()",
        "x = {y for y in z}",
        "x = hash(y)",
    ],
)
def test_the_search_for_nondeterminism_finds(source: str) -> None:
    assert list(nondeterminism(source))


def test_the_search_for_nondeterminism_passes_whole_numbers() -> None:
    source = "from shm.jit import kernel\nimport numpy as np\nx = {1: 2}\ny = x[1] // 2 + np.int64(3)\n"
    assert list(nondeterminism(source)) == []


@pytest.mark.parametrize("path", SOURCES + TESTS, ids=_names)
def test_files_are_short_and_say_no_banned_words(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= FILE_LINES_MAX
    found = [f"{number}: {line.strip()}" for number, line in enumerate(lines, 1) if BANNED_WORDS.search(line)]
    assert found == []


@pytest.mark.parametrize("path", SOURCES, ids=_names)
def test_only_the_command_line_and_benchmarks_print(path: Path) -> None:
    if path.is_relative_to(ROOT / "tradsys" / "cli") or path.is_relative_to(ROOT / "bench"):
        return
    assert _calls(path.read_text(encoding="utf-8"), "print") == []


@pytest.mark.parametrize("path", TESTS, ids=_names)
def test_no_test_sleeps(path: Path) -> None:
    assert _calls(path.read_text(encoding="utf-8"), "sleep") == []


@pytest.mark.parametrize("path", SOURCES, ids=_names)
def test_every_module_with_code_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def test_folders_of_tests_mirror_the_packages() -> None:
    """tests/shm holds the tests of shm/, tests/book of tradsys/book/, tests/tradsys of tradsys/*.py."""
    others = {"system", "stress", "simulation"}
    known = {*PACKAGES, *others}
    strangers = []
    for folder in {path.parent for path in TESTS if path.name.startswith("test_")} - {ROOT / "tests"}:
        inside = folder.relative_to(ROOT / "tests")
        if inside.parts[0] in others:
            continue
        places = [ROOT / inside, ROOT / "tradsys" / inside]
        if inside.as_posix() not in known and not any(place.is_dir() for place in places):
            strangers.append(inside.as_posix())
    assert strangers == []


ASSERTIONS_MIN = {"shm": 1.7, "workers": 1.7, "tradsys/ledger": 2.2, "tradsys/book": 1.4, "tradsys/risk": 0.85}
"""On average so many assertions in a function or kernel of at least LONG statements: what was reached may grow."""
LONG = 4


def _statements(function: ast.AST) -> Iterator[ast.stmt]:
    """All statements of a function but those of functions within it."""
    for node in ast.iter_child_nodes(function):
        if isinstance(node, ast.stmt):
            yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from _statements(node)


@pytest.mark.parametrize("package", ASSERTIONS_MIN)
def test_functions_say_what_must_hold(package: str) -> None:
    assertions = functions = 0
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found = list(_statements(node))
                asserted = sum(isinstance(statement, ast.Assert) for statement in found)
                assertions += asserted
                functions += len(found) - asserted - (ast.get_docstring(node) is not None) >= LONG
    assert assertions >= ASSERTIONS_MIN[package] * functions, f"{assertions} assertions in {functions} functions"
