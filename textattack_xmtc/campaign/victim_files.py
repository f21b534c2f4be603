"""Victims that a Python file makes: the files of `textattack attack --model-from-file`, with a `model` in them."""

from __future__ import annotations

from logging import WARNING
from pathlib import Path

from textattack.shared import logger
from textattack.shared.utils import load_module_from_file

from textattack_xmtc.errors import InputError, XMTCError
from textattack_xmtc.wrappers import XMTCModelWrapper, as_victim

_ENDING = ".py"
_VARIABLE = "model"


def is_victim_file(source: Path | str) -> bool:
    """Whether a model is named by a Python file rather than a folder.

    Example:
        >>> is_victim_file("runs/plain"), is_victim_file("victims/tagger.py")
        (False, True)
    """
    return Path(source).suffix == _ENDING and not Path(source).is_dir()


def load_victim_file(file: Path | str) -> XMTCModelWrapper:
    """Run a Python file as TextAttack's command does, and take its `model`.

    The file decides where its model runs. Paths in it are seen from the working folder.

    Raises:
        InputError: there is no such file, it cannot be run, or it has no `model` that answers for texts.
        XMTCError: what this package has to say of what the file does.
    """
    if not Path(file).is_file():
        raise InputError(f"there is no file {str(file)!r}", "give a Python file with a `model`, or a model folder")
    level = logger.level
    logger.setLevel(WARNING)  # it would say the file's name each time
    try:
        module = load_module_from_file(str(file))
    except XMTCError:
        raise
    except Exception as error:  # whatever stands in the file
        raise InputError(
            f"{str(file)!r} cannot be run ({type(error).__name__}: {error})", f"run it by itself: python {file}"
        ) from error
    finally:
        logger.setLevel(level)
    if not hasattr(module, _VARIABLE):
        raise InputError(f"{str(file)!r} has no variable `{_VARIABLE}`", "name the victim `model`")
    return as_victim(module.model)
