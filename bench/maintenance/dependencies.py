"""`make dependencies`: who imports whom, which modules import each other in circles, and in which order to change them.

Imports inside functions count. Those that only type checkers follow do not, without --types.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

import grimp

PACKAGES = ("shm", "tradsys", "workers", "gateway", "bench")

Graph = Mapping[str, set[str]]
"""By module: those that it imports."""


def read(*, types: bool) -> dict[str, set[str]]:
    """The project's imports; `types`: also those of type annotations."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None, exclude_type_checking_imports=not types)
    return {module: set(graph.find_modules_directly_imported_by(module)) for module in graph.modules}


def circles(graph: Graph) -> list[list[str]]:
    """Groups of modules of which each leads to every other (Tarjan's strongly connected components), by size."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(module: str) -> None:
        number[module] = lowest[module] = len(number)
        stack.append(module)
        for other in sorted(graph[module]):
            if other not in number:
                visit(other)
                lowest[module] = min(lowest[module], lowest[other])
            elif other in stack:
                lowest[module] = min(lowest[module], number[other])
        if lowest[module] == number[module]:
            place = stack.index(module)
            group = stack[place:]
            del stack[place:]
            if len(group) > 1 or module in graph[module]:
                found.append(sorted(group))

    sys.setrecursionlimit(max(sys.getrecursionlimit(), 10 * len(graph)))
    for module in sorted(graph):
        if module not in number:
            visit(module)
    return sorted(found, key=lambda group: (-len(group), group))


def order(graph: Graph) -> list[list[list[str]]]:
    """Steps, each a list of groups: what a step has imports only from steps before. A circle is one group."""
    group_of = {module: [module] for module in graph}
    for group in circles(graph):
        group_of |= dict.fromkeys(group, group)
    left = {tuple(group): {tuple(group_of[other]) for module in group for other in graph[module]} - {tuple(group)}
            for group in group_of.values()}  # fmt: skip
    steps: list[list[list[str]]] = []
    while left:
        ready = sorted(group for group, needs in left.items() if not needs)
        assert ready, "circles are groups, so something is always ready"
        steps.append([list(group) for group in ready])
        left = {group: needs - set(ready) for group, needs in left.items() if group not in ready}
    return steps


def folded(graph: Graph, depth: int) -> dict[str, set[str]]:
    """The graph of packages: names of at most so many parts."""

    def name(module: str) -> str:
        return ".".join(module.split(".")[:depth])

    found: dict[str, set[str]] = {}
    for module, imported in graph.items():
        found.setdefault(name(module), set()).update(name(other) for other in imported)
    return {package: imported - {package} for package, imported in found.items()}


def dot(graph: Graph) -> str:
    """The graph in Graphviz's language."""
    edges = [f'  "{module}" -> "{other}";' for module in sorted(graph) for other in sorted(graph[module])]
    return "\n".join(["digraph imports {", "  rankdir=BT;", *edges, "}"]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.maintenance.dependencies", description=__doc__)
    parser.add_argument("--types", action="store_true", help="count imports of type annotations too")
    parser.add_argument("--depth", type=int, default=0, help="fold modules into packages of so many parts; 0: do not")
    parser.add_argument("--dot", type=Path, help="write the graph to this file, for Graphviz")
    options = parser.parse_args()
    graph = read(types=options.types)
    if options.depth:
        graph = folded(graph, options.depth)
    if options.dot:
        options.dot.write_text(dot(graph))
    importers: dict[str, int] = dict.fromkeys(graph, 0)
    for imported in graph.values():
        for other in imported:
            importers[other] += 1
    print("order in which to migrate: what a step has imports only from steps before it (imported by so many)")
    for number, step in enumerate(order(graph), 1):
        groups = (" + ".join(f"{module} ({importers[module]})" for module in group) for group in step)
        print(f"{number:3}  {', '.join(groups)}")
    found = circles(graph)
    print(f"\n{len(graph)} modules, {sum(map(len, graph.values()))} imports, {len(found)} circles")
    for group in found:
        print("  " + " ↔ ".join(group))


if __name__ == "__main__":
    main()
