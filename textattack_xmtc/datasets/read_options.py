"""How to read a data file, where the file does not tell: columns, separators, header, encoding."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, Literal, get_args

from textattack_xmtc.errors import InputError
from textattack_xmtc.options import option

LabelFormat = Literal["names", "indices", "multi-hot"]

_option = partial(option, None, group="how the data are read; by default what the file itself makes certain")
_NAMED = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " ", "newline": "\n"}
NO_SEPARATOR = "none"


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    r"""How to read a data file; None leaves it to what the file makes certain.

    Attributes:
        text_column: the column with the texts; `title+abstract` joins two by a space.
        label_column: the column with the labels; `first..last` or `a+b+c` for one 0/1 column a label.
        id_column: the column with the ids.
        delimiter: separates the columns of a table: one character, or comma, tab, semicolon, pipe.
        label_separator: separates the labels in a cell: any string, or comma, semicolon, pipe, space, tab, newline;
            "none": each cell is one label.
        label_format: what a list of labels holds: names, indices of labels, or a 0 or 1 for each label.
        header: whether the first line of a table names its columns. Columns of a table without one are called by
            their position, from 1.
        encoding: of text files; by default UTF-8, or UTF-16 or UTF-32 where the first bytes say so.
        label_file: a file of label names, by which the data call their labels from then on.
        label_language: of the names, where `label_file` is a vocabulary in several languages.
        format: of the files, where a folder holds several.

    Raises:
        InputError: an unknown label format, a separator of columns that is more than one character.

    Example:
        >>> ReadOptions(text_column="body", delimiter="tab").given()
        {'text_column': 'body', 'delimiter': '\t'}
    """

    text_column: str | None = _option("column with the texts; a+b joins two", metavar="NAME")
    label_column: str | None = _option("column with the labels; first..last for one 0/1 column a label", metavar="NAME")
    id_column: str | None = _option("column with the ids", metavar="NAME")
    delimiter: str | None = _option(
        "between the columns of a table: a character, or comma, tab, semicolon, pipe",
        flags=("--separator", "--delimiter"),
        metavar="CHARACTER",
    )
    label_separator: str | None = _option(
        "between the labels in a cell: any string, or comma, semicolon, pipe, space, tab, newline; none: one a cell",
        metavar="STRING",
    )
    label_format: LabelFormat | None = _option(  # noqa: RUF009  (a field)
        "what lists of labels hold: names, indices, or a 0 or 1 for each label"
    )
    header: bool | None = _option("the first line of a table names its columns")
    encoding: str | None = _option("of text files, such as cp1252", metavar="NAME")
    label_file: str | None = _option(
        "names of the labels, by index or by what the data call them; a vocabulary (.ttl, .rdf, Annif's .tsv)",
        metavar="FILE",
    )
    label_language: str | None = _option("of the names, where a vocabulary has several languages", metavar="CODE")
    format: str | None = _option("of the files, where a folder holds several", flags=("--data-format",), metavar="NAME")

    def __post_init__(self) -> None:
        for name in ("delimiter", "label_separator"):
            value = getattr(self, name)
            object.__setattr__(self, name, _NAMED.get(value, value))
        if self.label_separator == "":
            raise InputError("label_separator is empty", "give 'none' where each cell is one label")
        if self.delimiter is not None and (len(self.delimiter) != 1 or self.delimiter in '"\r\n'):
            raise InputError(
                f"invalid separator {self.delimiter!r}: must be one character",
                f"give a character, or {', '.join(name for name in _NAMED if name.isalpha())}",
            )
        if self.label_format not in (None, *get_args(LabelFormat)):
            raise InputError(
                f"invalid label_format {self.label_format!r}", f"choose {' or '.join(get_args(LabelFormat))}"
            )
        if self.encoding is not None:
            try:
                "".encode(self.encoding)
            except LookupError:
                raise InputError(f"unknown encoding {self.encoding!r}", "give one such as utf-8 or cp1252") from None

    def given(self) -> dict[str, Any]:
        """The options that were given, as `load_corpus` calls them."""
        values = {field.name: getattr(self, field.name) for field in fields(ReadOptions)}
        values["label_names"] = values.pop("label_file")
        return {name: value for name, value in values.items() if value is not None}

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> ReadOptions:
        """Those of `values` that are options of this kind."""
        return ReadOptions(**{field.name: values[field.name] for field in fields(ReadOptions) if field.name in values})


BY_CONTENT = ReadOptions()
"""No options: the files tell how they are read."""


def parsed_option(parameter: str) -> tuple[str, Any]:
    """The name and value of a parameter such as `text_column=body` or `header=no`.

    Raises:
        InputError: it is not one of `ReadOptions`.
    """
    name, _, value = parameter.partition("=")
    names = [field.name for field in fields(ReadOptions)]
    if name not in names or not value:
        near = difflib.get_close_matches(name, names, n=1)
        raise InputError(
            f"unknown parameter {parameter!r} of a data file",
            f"did you mean {near[0]}=...?" if near else f"choose among {', '.join(names)}",
        )
    return name, value.lower() in ("yes", "true", "1") if name == "header" else value
