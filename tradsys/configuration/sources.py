"""Where configuration comes from: YAML files and environment variables, laid over each other."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tradsys.configuration import mistakes as wrong
from tradsys.configuration.mistakes import Mistake

ENVIRONMENTS = ("development", "testing", "staging", "production")
VARIABLE_PREFIX = "TRADSYS__"

_UNREADABLE = (OSError, UnicodeDecodeError, yaml.YAMLError, TypeError)
_QUOTED = re.compile(r"'[^']{2,}'")


class VariableText(str):
    """An environment variable's text: a string where a string is wanted, YAML anywhere else."""

    __slots__ = ()


class Layers:
    """Values as far as they have been laid over each other, and where each came from."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self._sources: dict[wrong.Path, str] = {}

    def lay(self, layer: Mapping[str, Any], source: str) -> None:
        """Put a layer on top: sections are merged key by key, everything else is replaced."""
        self._lay(self.values, layer, source, ())

    def _lay(self, below: dict[str, Any], layer: Mapping[str, Any], source: str, path: wrong.Path) -> None:
        for key, value in layer.items():
            here = (*path, key)
            present = below.get(key)
            if isinstance(present, dict) and value is None:
                continue  # a section whose every line is commented out
            if isinstance(present, dict) and isinstance(value, Mapping):
                self._lay(present, value, source, here)
                continue
            self._sources.pop(here, None)  # so that what was laid last stands last
            self._sources[here] = source
            if isinstance(value, Mapping):
                below[key] = {}
                self._lay(below[key], value, source, here)
            else:
                below[key] = value

    def variables(self) -> dict[str, str]:
        """By path the settings that environment variables say, and which one."""
        return {
            wrong.dotted(place): source for place, source in self._sources.items() if source.startswith(VARIABLE_PREFIX)
        }

    def source_of(self, path: wrong.Path) -> str:
        """The file or variable that set the value at `path`, or the last one of a part of it, or what is around."""
        within = [source for place, source in self._sources.items() if place[: len(path)] == path]
        if within:
            return within[-1]
        while path:
            if path in self._sources:
                return self._sources[path]
            path = path[:-1]
        return ""


class _GivenTwiceError(yaml.constructor.ConstructorError):
    """A key stands in a section more than once."""


if TYPE_CHECKING:
    _Loader = yaml.SafeLoader
else:
    _Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # several times as quick, where PyYAML has libyaml


class _StrictLoader(_Loader):
    """A YAML loader that refuses a key given twice instead of taking the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key_node, _ in node.value:
            key = str(key_node.value)
            if key in seen:
                raise _GivenTwiceError(None, None, f"{key!r} is given twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def directory() -> Path:
    """The folder of base.yaml: the checkout's config/, or the one that the installed package carries."""
    package = Path(__file__).resolve().parent.parent
    for candidate in (package.parent / "config", package / "_config"):
        if (candidate / "base.yaml").is_file():
            return candidate
    raise FileNotFoundError(f"config/base.yaml is neither beside nor inside {package}: the installation is incomplete")


def gather(environment: str, overrides: Path | None, environ: Mapping[str, str]) -> tuple[Layers, list[Mistake]]:
    """All layers of `environment` laid over each other, and what could not be read."""
    layers = Layers()
    mistakes: list[Mistake] = []
    if environment in ENVIRONMENTS:
        layers.lay({"environment": environment}, "the chosen environment")
    else:
        mistakes.append(_unknown_environment(environment))
    for file in files_of(environment, overrides):
        try:
            layer = _read(file)
        except _UNREADABLE as error:
            mistakes.append(_unreadable(file, error))
        else:
            if layer.get("environment", environment) != environment:
                mistakes.append(_other_environment(str(layer["environment"]), environment, str(file)))
                del layer["environment"]
            layers.lay(layer, str(file))
    for name in sorted(environ):
        if name.startswith(VARIABLE_PREFIX):
            _lay_variable(layers, name, environ[name], mistakes)
    return layers, mistakes


def read_alone(text: str, source: str) -> tuple[Layers, list[Mistake]]:
    """What the text of one file says by itself, and what could not be read."""
    layers = Layers()
    try:
        layers.lay(_parsed(text), source)
    except _UNREADABLE as error:
        return layers, [_unreadable(source, error)]
    return layers, []


def files_of(environment: str, overrides: Path | None) -> list[Path]:
    """The YAML files of an environment, the lowest layer first."""
    folder = directory()
    files = [folder / "base.yaml"]
    if environment in ENVIRONMENTS:
        files.append(folder / "environments" / f"{environment}.yaml")
    return files if overrides is None else [*files, overrides]


def _read(file: Path) -> dict[str, Any]:
    return _parsed(file.read_text(encoding="utf-8"))


def _parsed(text: str) -> dict[str, Any]:
    content = yaml.load(text, _StrictLoader)  # noqa: S506 - derived from SafeLoader
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise TypeError("the file holds no sections")
    return content


def _lay_variable(layers: Layers, name: str, text: str, mistakes: list[Mistake]) -> None:
    path = tuple(name.removeprefix(VARIABLE_PREFIX).lower().split("__"))
    around: Any = layers.values
    for step in path[:-1]:
        around = around.get(step, {}) if isinstance(around, dict) else around
    if not all(path) or not isinstance(around, dict) or isinstance(around.get(path[-1]), dict):
        remedy = f"name a section and a key, as in {VARIABLE_PREFIX}GATEWAY__PORT; give a list as one YAML value"
        mistakes.append(Mistake(path, "", "the variable's name leads to no value", remedy, name))
        return
    layer: dict[str, Any] = {path[-1]: VariableText(text)}
    for step in reversed(path[:-1]):
        layer = {step: layer}
    layers.lay(layer, name)


def _unknown_environment(environment: str) -> Mistake:
    close = difflib.get_close_matches(environment, ENVIRONMENTS, 1, cutoff=0.4)
    remedy = f"did you mean {close[0]!r}?" if close else f"choose one of {', '.join(ENVIRONMENTS)}"
    return Mistake(("environment",), repr(environment), "there is no such environment", remedy, "")


def _other_environment(given: str, chosen: str, source: str) -> Mistake:
    remedy = f"take the line out, or start with the environment {given!r}"
    return Mistake(("environment",), repr(given), f"the venue was started with {chosen!r}", remedy, source)


def _unreadable(file: Path | str, error: Exception) -> Mistake:
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark
        place = f" in line {mark.line + 1}" if mark else ""
        # What PyYAML quotes in other errors may be a key that was written without quotes.
        why = error.problem if isinstance(error, _GivenTwiceError) else _QUOTED.sub("…", error.problem or "")
        return Mistake((), "", f"the file is not valid YAML{place}: {why}", "correct that line", str(file))
    if isinstance(error, OSError):
        return Mistake((), "", f"the file cannot be read: {error.strerror}", "check path and permissions", str(file))
    return Mistake((), "", f"the file cannot be read: {error}", "write sections such as 'gateway:'", str(file))
