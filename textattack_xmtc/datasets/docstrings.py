"""What a Python file says about itself: the prose of its docstrings, read with `ast`, never imported.

Standard library only, and a program of its own: `api_docs` runs it in several processes. It reads paths, one a line,
and writes one JSON list `[path, [[name, prose, parameters], ...]]` a line.
"""

from __future__ import annotations

import ast
import gc
import inspect
import json
import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

_SECTIONS = (
    r"parameters?|params?|arguments?|args|other parameters|keyword arg(?:ument)?s|kwargs|inputs?|outputs?|returns?|"
    r"return values?|yields?|receives?|raises?|exceptions?|warns?|warnings?|attributes?|methods|properties|examples?|"
    r"usage|see also|references?|notes?|shape|todo|variables|tests?|doctests?"
)
_HEADING = re.compile(
    rf"(?:#+\s*|\*\*|\.\. rubric:: )?(?:{_SECTIONS})(?:\s*\*\*)?\s*(?:\([^)]*\))?:{{0,2}}(?:\s*\*\*)?", re.I
)
_FIELD = re.compile(r":[a-z][\w ,*.\[\]|-]*:|@(?:param|type|return|rtype|raise)", re.I)  # :param x:, :return:, @param
_ENTRY = re.compile(
    r"\*{0,2}[\w.]+(?:, \*{0,2}[\w.]+)* ?(?:\(.*\) ?:|: ?`| : \S)"
)  # a parameter without a heading above
_UNDERLINE = re.compile(r"([-=~^\"'*+#])\1{2,}$")
_STOP = re.compile(r">>>|\.\. (?:doctest|testcode|plot|ipython|seealso|autosummary|toctree|currentmodule)::")
_DIRECTIVE = re.compile(r"\.\.\s*(?:(note|warning|versionadded|versionchanged|deprecated|tip|important)::)?\s*(.*)")
_TABLE = re.compile(r"[-=+|\s]{4,}$|\|.*\|$")
_ROLE = re.compile(r":[a-zA-Z:+-]+:`~?\.?!?([^`<]*?)(?:\s*<[^`]*>)?`")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)|`([^`<]*?)\s*<[^`>]*>`_{1,2}")
_ADDRESS = re.compile(r"(?:https?|ftp)://\S+")
_FORMULA = re.compile(r"\$\$.*?\$\$", re.S)
_MARKUP = re.compile(r"[`*]{1,3}(?=\S)|(?<=\S)[`*]{1,3}|\|(?=\w)|(?<=\w)\|(?!\w)|(?<=\w)__?(?=\W|$)")


def prose(docstring: str) -> str:
    """The running text of a docstring up to its parameters, examples or other sections, on one line.

    Knows the styles of numpy, Google and Sphinx, doctest prompts, Markdown fences and reStructuredText directives.

    Example:
        >>> prose("Mean of `a`.\\n\\n    Over :class:`~x.Axis`.\\n\\n    Parameters\\n    ----------\\n    a : array")
        'Mean of a. Over Axis.'
    """
    kept: list[str] = []
    skipped_indent: int | None = None
    lines = inspect.cleandoc(docstring).splitlines()
    for position, line in enumerate(lines):
        text = line.strip()
        indent = len(line) - len(line.lstrip())
        following = lines[position + 1].strip() if position + 1 < len(lines) else ""
        if skipped_indent is not None:
            if not text or indent > skipped_indent:
                continue
            skipped_indent = None
        if _STOP.match(text) or text.startswith("```") or _FIELD.match(text) or _ENTRY.match(text):
            break
        if _HEADING.fullmatch(text) and (text.endswith(":") or indent == 0) and (kept or _is_heading(text, following)):
            break
        if _UNDERLINE.match(text) or _TABLE.match(text):
            continue
        if text.startswith(".."):
            directive = _DIRECTIVE.match(text)
            if directive is None or directive[1] is None:  # code, formulas, targets, comments: with what is below them
                skipped_indent = indent
            continue
        if text.endswith("::"):
            skipped_indent = indent
            text = text[:-1]
        kept.append(text)
    return _plain("\n".join(kept))


def documented(source: bytes) -> list[tuple[str, str, list[str]]]:
    """Every docstring of a Python file with text in it: dotted name ("" for the module), prose, parameter names.

    The parameters are those of the function, or of the class's `__init__`, without `self`, `cls`, `*args` and
    `**kwargs`. A file that is not Python, or not this version's, has none.

    Example:
        >>> documented(b'class A:\\n    "Makes tea."\\n    def __init__(self, leaves, *args): pass')
        [('A', 'Makes tea.', ['leaves'])]
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes in other people's files
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return [
        (name, text, _parameters(node))
        for name, node in _nodes(tree, "")
        if (text := prose(ast.get_docstring(node, clean=False) or ""))
    ]


_Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def _nodes(node: _Documented, name: str) -> Iterator[tuple[str, _Documented]]:
    yield name, node
    for child in node.body:
        if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _nodes(child, f"{name}.{child.name}" if name else child.name)


def _parameters(node: _Documented) -> list[str]:
    if isinstance(node, ast.ClassDef):
        starts = [child for child in node.body if isinstance(child, ast.FunctionDef) and child.name == "__init__"]
        return _parameters(starts[0]) if starts else []
    if isinstance(node, ast.Module):
        return []
    every = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
    return [argument.arg for argument in every if argument.arg not in ("self", "cls")]


def _is_heading(text: str, following: str) -> bool:
    return text.endswith(":") or bool(_UNDERLINE.match(following))


def _plain(text: str) -> str:
    text = _FORMULA.sub(" ", text)
    text = _ADDRESS.sub(" ", _LINK.sub(lambda match: match[1] or match[2] or "", text))
    text = _MARKUP.sub("", _ROLE.sub(lambda match: match[1].split(".")[-1], text))
    return " ".join(text.split())


def _main() -> None:
    # A syntax tree is all small objects and no cycles: looking for cycles among them doubles the time.
    gc.disable()
    sys.stdin.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    for line in sys.stdin:
        path = line.rstrip("\n")
        try:
            source = Path(path).read_bytes()
        except OSError:
            continue
        docstrings = documented(source) if b'"""' in source or b"'''" in source else []
        sys.stdout.write(json.dumps([path, docstrings]) + "\n")


if __name__ == "__main__":
    _main()
