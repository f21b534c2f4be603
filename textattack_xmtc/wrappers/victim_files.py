"""Victims that a Python file makes: the files of `textattack attack --model-from-file`, with a `model` in them."""

from __future__ import annotations

import importlib
import importlib.util
import itertools
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

from textattack_xmtc.errors import InputError, XMTCError
from textattack_xmtc.wrappers import XMTCModelWrapper, as_victim

_ENDING = ".py"
_VARIABLE = "model"
SPLIT = "^"


def is_victim_file(source: Path | str) -> bool:
    """Whether a model is named by a Python file, perhaps with the name of a variable, rather than a folder.

    Example:
        >>> is_victim_file("runs/plain"), is_victim_file("victims/tagger.py"), is_victim_file("tagger.py^small")
        (False, True, True)
    """
    file, _ = split_name(source)
    return file.suffix == _ENDING and not is_there(file)


def is_there(path: Path | str, test: Callable[[Path], bool] = Path.is_dir) -> bool:
    """Whether there is such a folder, or file; what cannot be a path at all (too long, a zero character) is not."""
    try:
        return test(Path(path))
    except (OSError, ValueError):
        return False


def split_name(source: Path | str) -> tuple[Path, str]:
    """The file and the variable that `FILE` or `FILE^VARIABLE` names.

    Example:
        >>> split_name("tagger.py^small")[1], split_name("tagger.py")[1]
        ('small', 'model')
    """
    file, _, variable = str(source).partition(SPLIT)
    return Path(file), variable or _VARIABLE


def load_victim_file(source: Path | str) -> XMTCModelWrapper:
    """Run a Python file as TextAttack's command does, and take its `model`, or the variable named after a `^`.

    The file decides where its model runs. Paths in it are seen from the working folder; modules beside it can be
    imported (`importable`).

    Raises:
        InputError: there is no such file, it cannot be run, or it has no such variable, or one that does not answer
            for texts.
        XMTCError: what this package has to say of what the file does.
    """
    file, variable = split_name(source)
    if not is_there(file, Path.is_file):
        raise InputError(
            f"there is no file {str(file)[:200]!r}", "give a Python file with a `model`, or a model folder"
        )
    try:
        with importable(file):
            module = _run(file)
    except XMTCError:
        raise
    except SystemExit as error:
        raise InputError(
            f"{str(file)!r} ends the process as soon as it is loaded (SystemExit: {error})",
            "a victim file makes a `model` and reads no command line: put what else it does behind "
            '`if __name__ == "__main__":`',
        ) from error
    except Exception as error:  # whatever stands in the file
        raise InputError(
            f"{str(file)!r} cannot be run ({type(error).__name__}: {error})", f"run it by itself: python {file}"
        ) from error
    if not hasattr(module, variable):
        fix = f"name the victim `{variable}`" if variable == _VARIABLE else "give the name of a variable after the ^"
        raise InputError(f"{str(file)!r} has no variable `{variable}`", fix)
    return as_victim(getattr(module, variable))


def _run(file: Path) -> ModuleType:
    """The module that a file makes. Dataclasses and pickle look a class's module up, so it stays in the table."""
    name = f"xmtc_victim_{next(_numbers)}_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None and spec.loader is not None  # the ending is .py
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


_numbers = itertools.count()


# Modules beside a victim file --------------------------------------------------------------------------------------

_folders: list[str] = []
"""Folders of the victim files that were loaded in this process."""


@contextmanager
def importable(file: Path | str) -> Iterator[None]:
    """Let a Python file import what lies beside it, as if it were run by itself.

    While the file loads, its folder comes first. Two victim files may each have a `helper.py`: each gets its own. A
    function of the file that imports later finds what lies beside it too; where a module of that name lies beside
    several victim files, that import is an error, since it could be either's.
    """
    folder = str(Path(file.partition(SPLIT)[0] if isinstance(file, str) else file).resolve().parent)
    _forget(lambda module: _lies_in(module, [*_folders, folder]) and _beside(module.__name__, folder))
    importlib.invalidate_caches()
    writes_nothing, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)
        sys.dont_write_bytecode = writes_nothing
        if folder not in _folders:
            _folders.append(folder)
        others = [other for other in _folders if other != folder]
        _forget(lambda module: _lies_in(module, [folder]) and any(_beside(module.__name__, other) for other in others))
        if not any(isinstance(finder, _BesideVictims) for finder in sys.meta_path):
            sys.meta_path.append(_BesideVictims())


class _BesideVictims:
    """Finds, after everything else, modules beside victim files."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        folders = [folder for folder in _folders if path is None and _beside(name, folder)]
        if len(folders) > 1:
            raise ImportError(
                f"{name!r} lies beside several victim files ({', '.join(folders)}): import it at the top of the file, "
                "or give it a name of its own"
            )
        return PathFinder.find_spec(name, folders) if folders else None


def _beside(name: str, folder: str) -> bool:
    """Whether a module of this name lies in a folder."""
    place = Path(folder) / name.partition(".")[0]
    return place.with_name(f"{place.name}.py").is_file() or (place / "__init__.py").is_file()


def _lies_in(module: ModuleType, folders: Sequence[str]) -> bool:
    file = getattr(module, "__file__", None)
    return bool(file) and any(Path(str(file)).is_relative_to(folder) for folder in folders)


def _forget(which: Callable[[ModuleType], bool]) -> None:
    """Take modules out of the table of imported ones; whoever has imported them keeps them."""
    for name, module in list(sys.modules.items()):
        if isinstance(module, ModuleType) and which(module):
            del sys.modules[name]
