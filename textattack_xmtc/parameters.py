"""Parameters as people type them behind a name: `xmtc-positive^k=3,masked_lm=/models/my-lm`.

TextAttack evaluates such a text as Python code. Here it is read, compared with the parameters that there are, and
written again in a form that TextAttack evaluates to the same values.
"""

from __future__ import annotations

import ast
import difflib
import inspect
import re
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from textattack_xmtc.errors import InputError

_NEXT = re.compile(r",\s*(?=[A-Za-z_][\w-]*\s*=)")
_NAME = re.compile(r"\s*([A-Za-z_][\w-]*)\s*=\s*", re.DOTALL)
_WORDS = {"true": True, "false": False, "none": None}
_ARITHMETIC = (ast.Expression, ast.Constant, ast.BinOp, ast.UnaryOp, ast.operator, ast.unaryop)


def read_parameters(text: str, of: str, allowed: Mapping[str, Any]) -> dict[str, Any]:
    """Read `name=value,name=value`.

    A value is a number, True, False, None, a list, a string in quotes, or a string without quotes, which ends before
    the next `,name=`: a path with commas, spaces, `=` or `^` needs no quotes unless it has that in it.

    Args:
        of: what the parameters are of, for messages.
        allowed: the parameters that there are, with the types of their values; `Any` for any.

    Raises:
        InputError: a part that is not `name=value`, an unknown or repeated name, or a value of another type.

    Example:
        >>> read_parameters("k=3,masked_lm=/models/a=b, c", "xmtc-positive", {"k": int, "masked_lm": str})
        {'k': 3, 'masked_lm': '/models/a=b, c'}
    """
    values: dict[str, Any] = {}
    rest = text.strip().rstrip(",")
    while rest:
        start = _NAME.match(rest)
        if start is None:
            raise InputError(f"{of}: {rest!r} is not name=value", f"parameters: {', '.join(allowed)}")
        name = start[1]
        if name not in allowed:
            listed = f"parameters: {', '.join(allowed)}"
            raise InputError(f"{of}: unknown parameter {name!r}", _hint(name, allowed) + listed)
        if name in values:
            raise InputError(f"{of}: the parameter {name!r} is given twice", "give it once")
        raw, rest = _split(rest[start.end() :])
        values[name] = _value(raw, name, of, allowed[name])
    return values


def write_parameters(values: Mapping[str, Any]) -> str:
    """The same as Python code without a `^`, which TextAttack would split again.

    Example:
        >>> write_parameters({"k": 3, "masked_lm": "a^b"})
        "k=3,masked_lm='a\\\\x5eb'"
    """
    return ",".join(f"{name}={value!r}" for name, value in values.items()).replace("^", "\\x5e")


def parameters_of(call: Callable[..., Any], leave_out: Sequence[str] = ()) -> dict[str, Any]:
    """The named parameters of a function or class, with the types of their values.

    Example:
        >>> parameters_of(read_parameters, leave_out=["allowed"])
        {'text': <class 'str'>, 'of': <class 'str'>}
    """
    function = call.__init__ if inspect.isclass(call) else call
    try:
        hints = get_type_hints(function)
    except (NameError, TypeError):  # a type that is imported for type checkers only
        hints = {}
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return {
        name: hints.get(name, Any)
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind in kinds and name not in ("self", "cls", *leave_out)
    }


def _hint(name: str, allowed: Mapping[str, Any]) -> str:
    folded = {known.lower().replace("_", ""): known for known in allowed}
    plain = name.lower().replace("_", "").replace("-", "")
    near = [folded[plain]] if plain in folded else difflib.get_close_matches(name, allowed, n=1)
    return f"did you mean {near[0]!r}? " if near else ""


def _split(text: str) -> tuple[str, str]:
    """The value at the start of `text`, and what comes after it."""
    if text[:1] in ("'", '"', "[", "("):
        for end in range(1, len(text) + 1):
            if text[end : end + 1] in ("", ",") or text[end:].lstrip()[:1] == ",":
                try:
                    ast.literal_eval(text[:end].strip())
                except (ValueError, SyntaxError):
                    continue
                return text[:end].strip(), text[end:].lstrip().removeprefix(",")
    end_of_value = _NEXT.search(text)
    if end_of_value is None:
        return text.strip(), ""
    return text[: end_of_value.start()].strip(), text[end_of_value.end() :]


def _value(raw: str, name: str, of: str, kind: Any) -> Any:
    value = _evaluated(raw)
    if _fits(value, kind):
        return value
    if _fits(raw, kind):  # a folder that is called 2024
        return raw
    raise InputError(f"{of}: invalid {name}={raw}", f"give {_described(kind)}")


def _evaluated(raw: str) -> Any:
    if raw.lower() in _WORDS:
        return _WORDS[raw.lower()]
    try:
        return ast.literal_eval(raw)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        pass
    try:
        tree = ast.parse(raw, mode="eval")
        sums = all(isinstance(node, _ARITHMETIC) for node in ast.walk(tree))
        numbers = all(type(node.value) in (int, float) for node in ast.walk(tree) if isinstance(node, ast.Constant))
        return eval(compile(tree, "<parameter>", "eval")) if sums and numbers else raw  # 2**-3, numbers only
    except (SyntaxError, ValueError, ArithmeticError, MemoryError, RecursionError):
        return raw


def _fits(value: Any, kind: Any) -> bool:
    origin = get_origin(kind)
    if kind is Any:
        return True
    if origin in (Union, types.UnionType):
        return any(_fits(value, one) for one in get_args(kind))
    if origin is Literal:
        return value in get_args(kind)
    if kind in (None, type(None)):
        return value is None
    if kind is float:
        return type(value) in (int, float)
    if kind in (int, str, bool):
        return type(value) is kind
    wanted = origin or kind
    if isinstance(wanted, type) and issubclass(wanted, Sequence):
        return isinstance(value, (list, tuple))
    # A protocol cannot be asked, and no value that is written down has one.
    return isinstance(wanted, type) and not getattr(wanted, "_is_protocol", False) and isinstance(value, wanted)


def _described(kind: Any) -> str:
    names = {int: "a whole number", float: "a number", str: "a string", bool: "True or False", type(None): "None"}
    if get_origin(kind) in (Union, types.UnionType):
        parts = [_described(one) for one in get_args(kind)]
        return " or ".join(part for part in dict.fromkeys(parts) if part) or "another value"
    if get_origin(kind) is Literal:
        return " or ".join(map(str, get_args(kind)))
    if (
        isinstance(get_origin(kind) or kind, type)
        and issubclass(get_origin(kind) or kind, Sequence)
        and kind is not str
    ):
        return "a list"
    return names.get(kind, "")
