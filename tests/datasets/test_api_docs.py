"""The embedded corpus: what counts as prose, what becomes a label, and that the same versions give the same corpus."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path, PurePosixPath

import pytest

from textattack_xmtc.datasets import api_docs
from textattack_xmtc.datasets.docstrings import documented, prose
from textattack_xmtc.errors import DataError

NUMPY = """
    Compute the mean of an array.

    It is *weighted* by ``weights``.

    Parameters
    ----------
    a : array_like
        Not this.

    Returns
    -------
    mean : float
    """
GOOGLE = """Boil an `egg` until it is hard.

    Args:
        minutes (int): Not this.
    Returns:
        Not this either.
    """
SPHINX = """Open :class:`~tea.Pot` or `the manual <http://tea.example>`_.

    :param pot: not this
    :returns: nor this
    """
DOCTEST = """Add two numbers.

    >>> add(1, 2)
    3
    """


@pytest.mark.parametrize(
    ("docstring", "expected"),
    [
        (NUMPY, "Compute the mean of an array. It is weighted by weights."),
        (GOOGLE, "Boil an egg until it is hard."),
        (SPHINX, "Open Pot or the manual."),
        (DOCTEST, "Add two numbers."),
        ("First.\n\nExample::\n\n    code()\n\nSecond.", "First."),
        ("First.\n\n.. math:: x^2\n\n   y^2\n\nSecond.", "First. Second."),
        ("First::\n\n    code()\n\nSecond.", "First: Second."),
        ("First.\n\n.. note::\n\n   Kept.\n\nSecond.", "First. Kept. Second."),
        ("Title\n=====\n\nBody text.", "Title Body text."),
        ("First.\n\n```python\ncode()\n```", "First."),
        ("First.\n\nhidden (`torch.Tensor` of shape `(n,)`):\n    Not this.", "First."),
        ("See [the guide](https://x.example/y) at https://x.example/z now.", "See the guide at now."),
        ("Args:\n    x: not this", ""),
        ("Parameters\n----------\nx : int", ""),
        ("Returns a value. Parameters of it are many.", "Returns a value. Parameters of it are many."),
        ("", ""),
    ],
)
def test_prose_ends_where_the_sections_begin(docstring: str, expected: str) -> None:
    assert prose(docstring) == expected


SOURCE = b'''"""The module."""
class Kettle:
    """A kettle."""
    def __init__(self, size, *, lid=True, **rest):
        """Make one."""
    async def boil(self, water, *more):
        """Boil it."""
        def inner(steam):
            """Inside."""
    def silent(self): pass
def plain(first, /, second): "A function."
'''


def test_every_docstring_comes_with_its_name_and_parameters() -> None:
    assert documented(SOURCE) == [
        ("", "The module.", []),
        ("Kettle", "A kettle.", ["size", "lid"]),
        ("Kettle.__init__", "Make one.", ["size", "lid"]),
        ("Kettle.boil", "Boil it.", ["water"]),
        ("Kettle.boil.inner", "Inside.", ["steam"]),
        ("plain", "A function.", ["first", "second"]),
    ]


@pytest.mark.parametrize(
    "source",
    [b"def broken(:", b"\xff\xfe\x00'''x'''", b"# coding: nonsense\n'''text'''", b"(" * 500 + b")" * 500, b"\x00"],
)
def test_files_that_are_not_python_have_no_docstrings(source: bytes) -> None:
    assert documented(source) == []


def test_labels_are_package_module_and_parameters_once_each() -> None:
    path = PurePosixPath("pkg/__init__.py")
    assert api_docs.labels_of(path, ["pkg", "_x", "self_"]) == ["pkg", "x", "self"]
    assert api_docs.labels_of(PurePosixPath("pkg/_core/_impl.py"), []) == ["pkg", "core", "impl"]


class _Package:
    """An installed distribution with these files."""

    def __init__(self, root: Path, name: str, version: str, files: dict[str, str], requires: list[str]) -> None:
        self.version, self.requires, self.root = version, requires, root
        self.files = [PurePosixPath(file) for file in files]
        for file, content in files.items():
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            (root / file).write_text(content, encoding="utf-8")

    def locate_file(self, file: PurePosixPath) -> Path:
        return self.root / file


LONG = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen number{}"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, _Package]:
    """Two installed packages: TextAttack, and one that it needs."""
    functions = "\n".join(f'def f{n}(a, b{n % 3}):\n    """{LONG.format(n)}."""' for n in range(80))
    packages = {
        "textattack": _Package(
            tmp_path / "site",
            "textattack",
            "1.0",
            {
                "textattack/goals.py": f'"""Too short."""\n{functions}',
                "textattack/tests/test_it.py": f'"""{LONG.format("test")}"""',
                "textattack/broken.py": f'"""{LONG.format("broken")}"""\ndef (:',
            },
            ["tea-pot>=1", "absent", "never; extra == 'x'"],
        ),
        "tea-pot": _Package(
            tmp_path / "site",
            "tea-pot",
            "2.0",
            {"tea_pot/__init__.py": f'"""{LONG.format(3).upper()}!"""\ndef pour(cup):\n    """{LONG.format("cup")}"""'},
            ["TextAttack"],
        ),
        "unrelated": _Package(tmp_path / "site", "unrelated", "3.0", {"other.py": f'"""{LONG.format("other")}"""'}, []),
    }

    def distribution(name: str) -> _Package:
        try:
            return packages[name]
        except KeyError:
            raise metadata.PackageNotFoundError(name) from None

    monkeypatch.setattr(api_docs.metadata, "distribution", distribution)
    return packages


def _rows(corpus: api_docs.Corpus) -> dict[str, list[tuple[str, str, list[str]]]]:
    return {
        split: [(row["id"], row["text"], [corpus.label_names[label] for label in row["labels"]]) for row in rows]
        for split, rows in corpus.splits.items()
    }


@pytest.mark.usefixtures("site")
def test_the_corpus_holds_each_long_text_once(tmp_path: Path) -> None:
    rows = _rows(api_docs.load_api_docs(tmp_path / "cache"))
    everything = {name: (text, labels) for split in rows.values() for name, text, labels in split}
    assert len(everything) == 81, "80 functions and one of the other package; its module repeats a text in capitals"
    assert everything["tea_pot:pour"][1] == ["tea_pot", "cup"]
    # tea-pot is read before textattack, so the text that both have is its
    assert everything["tea_pot"][1] == ["tea_pot"]
    assert "textattack.goals:f3" not in everything
    assert everything["textattack.goals:f4"] == (LONG.format(4) + ".", ["textattack", "goals", "a", "b1"])
    assert rows["train"] and rows["test"]
    assert not {text for _, text, _ in rows["train"]} & {text for _, text, _ in rows["test"]}


@pytest.mark.usefixtures("site")
def test_the_same_versions_give_the_same_corpus(tmp_path: Path) -> None:
    first, second = (api_docs.load_api_docs(tmp_path / name) for name in ("a", "b"))
    assert first.label_names == second.label_names
    assert _rows(first) == _rows(second)


def test_a_cached_corpus_is_opened_and_not_made_again(
    site: dict[str, _Package], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = _rows(api_docs.load_api_docs(tmp_path))
    monkeypatch.setattr(api_docs, "_build", lambda folder: pytest.fail("made again"))
    assert _rows(api_docs.load_api_docs(tmp_path)) == made


def test_the_fingerprint_follows_what_textattack_needs(site: dict[str, _Package]) -> None:
    before = api_docs.fingerprint()
    site["unrelated"].version = "3.1"
    assert api_docs.fingerprint() == before
    assert re.fullmatch("[0-9a-f]{12}", before)
    site["tea-pot"].version = "2.1"
    assert api_docs.fingerprint() != before


def test_no_docstrings_at_all_is_an_error(site: dict[str, _Package], tmp_path: Path) -> None:
    for package in site.values():
        package.files = []
    with pytest.raises(DataError, match="no docstrings that can be read"):
        api_docs.load_api_docs(tmp_path)
    assert not list(tmp_path.glob("api-docs*"))
