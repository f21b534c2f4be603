"""Options: the fields of a frozen dataclass are the source of command-line options and of the keys of a TOML file.

A field says with `option` what it is for. Its name, type and default are those of the dataclass, so a default stands
in one place. A field that is a dataclass itself gives its own fields.
"""

from __future__ import annotations

import argparse
import difflib
import tomllib
import types
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from textattack_xmtc.errors import DataError, InputError


def option(
    default: Any = MISSING,
    help: str = "",
    *,
    flags: Sequence[str] = (),
    metavar: str | None = None,
    group: str = "",
    choices: Sequence[str] = (),
    chosen: bool = False,
    factory: Any = MISSING,
) -> Any:
    """A dataclass field that is also an option.

    Args:
        default: as in `dataclasses.field`; without one the option is required.
        help: what the option is for, in one line.
        flags: how it is spelled; by default the field's name with `--` and `-`. The further ones are aliases.
        metavar: what stands for the value in the help text.
        group: the heading in the help text.
        choices: the values that are allowed; by default those of a `Literal`.
        chosen: the default depends on something else, which `help` names; the help text gives none then.
        factory: in place of `default`, a function that makes it.
    """
    about = {"help": help, "flags": flags, "metavar": metavar, "group": group, "choices": choices, "chosen": chosen}
    metadata = {"option": about}
    if factory is not MISSING:
        return field(default_factory=factory, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Option:
    """One option.

    Attributes:
        kind: int, float, str, bool or Path; of a list, of its items.
        flags: on the command line.
        choices: the values that are allowed; empty for any.
        many: the option takes a list.
        optional: the value may be missing (None).
        metavar, group, chosen: as `option` says.
    """

    name: str
    kind: type
    default: Any
    help: str
    flags: tuple[str, ...]
    choices: tuple[Any, ...] = ()
    many: bool = False
    optional: bool = False
    metavar: str | None = None
    group: str = ""
    chosen: bool = False


def options_of(source: type, **changes: Mapping[str, Any]) -> list[Option]:
    """The options of a dataclass, in the order of its fields; fields without `option` are left out.

    Args:
        source: the dataclass.
        changes: by name, attributes of an `Option` that are to be others here.

    Example:
        >>> @dataclass(frozen=True)
        ... class Sizes:
        ...     layers: int = option(2, "layers of the network")
        ...     kind: Literal["flat", "tree"] = option("flat", "with or without a tree")
        >>> [(one.name, one.kind.__name__, one.default, one.choices) for one in options_of(Sizes)]
        [('layers', 'int', 2, ()), ('kind', 'str', 'flat', ('flat', 'tree'))]
    """
    hints = get_type_hints(source)
    options: list[Option] = []
    for attribute in fields(source):
        hint = hints[attribute.name]
        if is_dataclass(hint) and isinstance(hint, type):
            options += options_of(hint)
        elif metadata := _metadata(source, attribute.name):
            options.append(_of_field(attribute, hint, metadata))
    return [replace(one, **changes.get(one.name, {})) for one in options]


def add_options(parser: argparse.ArgumentParser, options: Iterable[Option]) -> None:
    """Give a parser these options. One that is not given leaves no attribute: see `given`."""
    groups: dict[str, Any] = {"": parser}
    for one in options:
        if one.group not in groups:
            groups[one.group] = parser.add_argument_group(one.group)
        keywords: dict[str, Any] = {"dest": one.name, "default": argparse.SUPPRESS, "help": _help(one)}
        if one.kind is bool:
            keywords["action"] = argparse.BooleanOptionalAction
        else:
            keywords |= {"type": one.kind, "metavar": one.metavar}
            if one.choices:
                keywords["choices"] = one.choices
            if one.many:
                keywords |= {"action": "extend", "nargs": "+"}
        groups[one.group].add_argument(*one.flags, **keywords)


def add_config(parser: argparse.ArgumentParser) -> None:
    """Give a parser `--config`, the TOML file that `given` reads."""
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="options as TOML, by the names used here; those of the command line win",
    )


def given(arguments: argparse.Namespace, options: Sequence[Option]) -> dict[str, Any]:
    """The options that were given, by name: those of the TOML file `--config`, overruled by the command line's.

    Raises:
        DataError: the file cannot be read.
        InputError: a key of it is unknown or stands twice, or a value is of another kind.
    """
    file = getattr(arguments, "config", None)
    values = {} if file is None else read_options(file, options)
    return values | {one.name: getattr(arguments, one.name) for one in options if hasattr(arguments, one.name)}


def require(values: Mapping[str, Any], options: Iterable[Option], *names: str) -> None:
    """Raise InputError where one of the options `names` was not given; the message has its flag."""
    by_name = {one.name: one for one in options}
    for name in names:
        if values.get(name) in (None, "", [], ()):
            one = by_name[name]
            raise InputError(f"the option {one.flags[0]} is missing", f"give {one.flags[0]}: {one.help}")


def read_options(file: Path | str, options: Sequence[Option]) -> dict[str, Any]:
    """The options in a TOML file, by name. Keys are the names or flags of `options`, with `_` or `-`.

    Raises:
        DataError: the file cannot be read as TOML.
        InputError: an unknown key (the message names the nearest), one that stands twice in two spellings, or a value
            of another kind.
    """
    file = Path(file)
    try:
        with file.open("rb") as opened:
            content = tomllib.load(opened)
    except (OSError, ValueError) as error:
        raise DataError(f"{file} cannot be read as TOML ({error})", "correct the file") from error
    keys = {key: one for one in options for key in (one.name, *(_key(flag) for flag in one.flags))}
    values: dict[str, Any] = {}
    spelled: dict[str, str] = {}
    for key, value in content.items():
        one = keys.get(_key(key))
        if one is None:
            near = difflib.get_close_matches(_key(key), keys, n=1)
            raise InputError(
                f"{file}: unknown option {key!r}",
                f"did you mean {keys[near[0]].name!r}?" if near else f"choose among {', '.join(sorted(keys))}",
            )
        if one.name in values:
            raise InputError(f"{file}: {key!r} and {spelled[one.name]!r} are the same option", "keep one of them")
        spelled[one.name] = key
        values[one.name] = _typed(one, value, f"{file}: {key}")
    return values


def _metadata(source: type, name: str) -> Mapping[str, Any]:
    """What `option` says of a field, there or in a parent class whose default a subclass replaces."""
    for kind in source.__mro__:
        attribute = getattr(kind, "__dataclass_fields__", {}).get(name)
        if attribute is not None and "option" in attribute.metadata:
            metadata: Mapping[str, Any] = attribute.metadata["option"]
            return metadata
    return {}


def _of_field(attribute: Any, hint: Any, metadata: Mapping[str, Any]) -> Option:
    optional = False
    if get_origin(hint) in (Union, types.UnionType):
        kinds = [kind for kind in get_args(hint) if kind is not type(None)]
        optional, hint = len(kinds) < len(get_args(hint)), kinds[0]
    many = get_origin(hint) in (tuple, list)
    if many:
        hint = get_args(hint)[0]
    choices: tuple[Any, ...] = tuple(metadata["choices"])
    if get_origin(hint) is Literal:
        hint, choices = type(get_args(hint)[0]), choices or get_args(hint)
    default = attribute.default if attribute.default_factory is MISSING else attribute.default_factory()
    flags = tuple(metadata["flags"]) or (f"--{attribute.name.replace('_', '-')}",)
    named = {name: metadata[name] for name in ("help", "metavar", "group", "chosen")}
    return Option(attribute.name, hint, default, flags=flags, choices=choices, many=many, optional=optional, **named)


def _help(one: Option) -> str:
    text = one.help.replace("%", "%%")
    if one.chosen or one.default in (MISSING, None, "", ()):
        return text
    default = ("yes" if one.default else "no") if one.kind is bool else one.default
    return f"{text} (default: {default})"


def _key(spelling: str) -> str:
    return spelling.lstrip("-").replace("-", "_")


def _typed(one: Option, value: Any, where: str) -> Any:
    """A value of a TOML file as the option's kind.

    Raises:
        InputError: it is of another kind, or none of the choices.
    """
    if one.many:
        values = value if isinstance(value, list) else [value]
        return [_single(one, item, where, "a list of ") for item in values]
    return _single(one, value, where, "")


_EXPECTED = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "a string",
    Path: "a path as a string",
}


def _single(one: Option, value: Any, where: str, list_of: str) -> Any:
    if one.kind is bool and value in ("yes", "no"):
        return value == "yes"
    if one.kind is float and type(value) is int:
        value = float(value)
    if one.kind is Path and isinstance(value, str):
        value = Path(value)
    if not (isinstance(value, Path) if one.kind is Path else type(value) is one.kind):
        raise InputError(f"{where} is {value!r}", f"give {list_of}{_EXPECTED.get(one.kind, 'another value')}")
    if one.choices and value not in one.choices:
        near = difflib.get_close_matches(str(value), map(str, one.choices), n=1)
        choices = " or ".join(map(str, one.choices))
        raise InputError(f"{where} is {value!r}", f"choose {choices}{f'; did you mean {near[0]}?' if near else ''}")
    return value
