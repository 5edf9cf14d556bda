"""What maintainers ask of the code, on small examples, and that the project itself has no circles of imports."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from bench.maintenance import coverage, dependencies, hotpath, metrics

ROOT = Path(__file__).resolve().parents[2]

CIRCULAR = {
    "app": {"b", "c", "leaf"},
    "b": {"c"},
    "c": {"d"},
    "d": {"b", "leaf"},
    "leaf": set(),
    "alone": set(),
}


def test_circles_are_found_and_named() -> None:
    assert dependencies.circles(CIRCULAR) == [["b", "c", "d"]]
    assert dependencies.circles({"a": {"b"}, "b": {"a"}, "c": {"d"}, "d": {"e"}, "e": {"c", "a"}}) == [
        ["c", "d", "e"],
        ["a", "b"],
    ]
    assert dependencies.circles({"self": {"self"}, "other": set()}) == [["self"]]


def test_what_a_step_imports_was_changed_before_it() -> None:
    assert dependencies.order(CIRCULAR) == [[["alone"], ["leaf"]], [["b", "c", "d"]], [["app"]]]
    graph = dependencies.read(types=False)
    done: set[str] = set()
    for step in dependencies.order(graph):
        for group in step:
            for module in group:
                assert graph[module] <= done | set(group)
        done.update(module for group in step for module in group)
    assert done == set(graph)


def test_no_modules_of_the_project_import_each_other_in_a_circle() -> None:
    assert dependencies.circles(dependencies.read(types=True)) == []


def test_modules_fold_into_packages_and_become_a_drawing() -> None:
    graph = {"shm.ring": {"shm.jit", "numpy.core.x"}, "shm.jit": set(), "numpy.core.x": set()}
    folded = dependencies.folded(graph, 1)
    assert folded == {"shm": {"numpy"}, "numpy": set()}
    assert '"shm" -> "numpy";' in dependencies.dot(folded)


SOURCE = '''"""Two functions."""


def plain(x: int) -> int:
    return x


class Holder:
    def branching(self, x: int) -> int:
        if x > 1:
            return 2
        for y in range(x):
            if y:
                return y
        return 0


def repeated(values: list[int]) -> int:
    total = 0
    for value in values:
        if value > 10:
            total += value * 2
        elif value < -10:
            total -= value
        else:
            total += 1
    print(total)
    return total
'''


def test_length_complexity_and_repetition_are_measured(tmp_path: Path) -> None:
    (tmp_path / "shm").mkdir()
    for name in ("one.py", "two.py"):
        (tmp_path / "shm" / name).write_text(SOURCE)
    measured = metrics.measure(tmp_path, metrics.sources(tmp_path))
    assert measured.lines == {"shm/one.py": 28, "shm/two.py": 28}
    found = {each.name: (each.line, each.lines, each.complexity) for each in measured.functions if "one" in each.file}
    assert found == {"plain": (4, 2, 1), "branching": (9, 7, 4), "repeated": (18, 11, 4)}
    assert len(measured.alike) == 1
    assert [place.partition(":")[0] for place in measured.alike[0].places] == ["shm/one.py", "shm/two.py"]


def test_kernels_are_found_where_they_are() -> None:
    files = coverage.kernel_files(ROOT)
    assert {"shm/ring.py", "tradsys/book/crossing.py", "workers/sequencer.py"} <= set(files)
    assert "workers/supervisor.py" not in files


def test_samples_become_shares() -> None:
    samples = hotpath.stacks("main;run;pump 6\nmain;run;send 3\nmain 1\n\n")
    assert samples == Counter({("main", "run", "pump"): 6, ("main", "run", "send"): 3, ("main",): 1})
    assert hotpath.shares(samples) == [("pump", 60.0, 60.0), ("send", 30.0, 30.0), ("main", 10.0, 100.0)]
