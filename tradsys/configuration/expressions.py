"""The small language of conditions on the configuration: comparisons and arithmetic on its fields, nothing else.

It is written as Python is, and read with Python's parser, but only the few kinds of nodes below are understood.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda value, many: value in many,
    ast.NotIn: lambda value, many: value not in many,
    ast.Not: operator.not_,
}


def _power_below(number: int) -> int:
    return 1 << (number.bit_length() - 1)


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "count": len,
    "power_below": _power_below,  # the greatest power of two that is not above a number
    "is_power_of_two": lambda number: number == _power_below(number),
}
_PLACEHOLDER = re.compile(r"\{([^}]+)\}")


class Expression:
    """One condition or figure. `names` are the fields that it reads, as ("rings", "log")."""

    def __init__(self, text: str) -> None:
        """Raises ValueError for what the language does not know."""
        self.names: set[tuple[str, ...]] = set()
        try:
            self._root = ast.parse(text, mode="eval").body
        except SyntaxError as error:
            raise ValueError(f"{text!r} is no expression: {error.msg}") from None
        self._check(self._root)

    def value(self, fields: Mapping[str, Any]) -> Any:
        """Its value, with these top-level names."""
        return _value(self._root, fields)

    def _check(self, node: ast.AST) -> None:
        name = _dotted(node)
        if name is not None:
            self.names.add(name)
            return
        match node:
            case ast.Constant() | ast.BoolOp() | ast.Tuple():
                children = list(ast.iter_child_nodes(node))
            case ast.Call(func=ast.Name(id=called), args=arguments, keywords=[]) if called in _FUNCTIONS:
                children = list(arguments)
            case ast.UnaryOp(op=operation) | ast.BinOp(op=operation) if type(operation) in _OPERATORS:
                children = [child for child in ast.iter_child_nodes(node) if child is not operation]
            case ast.Compare(left=left, ops=[operation], comparators=[right]) if type(operation) in _OPERATORS:
                children = [left, right]
            case _:
                raise ValueError(f"a condition cannot say {ast.unparse(node)!r}")
        for child in children:
            if not isinstance(child, ast.boolop | ast.expr_context):
                self._check(child)


def filled(template: str, fields: Mapping[str, Any]) -> str:
    """The text with the value of each {expression} in it."""
    return _PLACEHOLDER.sub(lambda found: str(Expression(found[1]).value(fields)), template)


def _dotted(node: ast.AST) -> tuple[str, ...] | None:
    if isinstance(node, ast.Name):
        return (node.id,)
    if isinstance(node, ast.Attribute):
        around = _dotted(node.value)
        return None if around is None else (*around, node.attr)
    return None


def _value(node: ast.AST, fields: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return fields[name]
        case ast.Attribute(value=around, attr=name):
            return getattr(_value(around, fields), name)
        case ast.Tuple(elts=elements):
            return tuple(_value(element, fields) for element in elements)
        case ast.BoolOp(op=ast.And(), values=values):
            return all(_value(each, fields) for each in values)
        case ast.BoolOp(values=values):
            return any(_value(each, fields) for each in values)
        case ast.UnaryOp(op=operation, operand=operand):
            return _OPERATORS[type(operation)](_value(operand, fields))
        case ast.BinOp(left=left, op=operator_, right=right):
            return _OPERATORS[type(operator_)](_value(left, fields), _value(right, fields))
        case ast.Compare(left=left, ops=[comparison], comparators=[right]):
            return _OPERATORS[type(comparison)](_value(left, fields), _value(right, fields))
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return _FUNCTIONS[name](*(_value(argument, fields) for argument in arguments))
    raise AssertionError("what is not known was refused when it was read")
