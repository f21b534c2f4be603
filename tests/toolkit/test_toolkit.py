"""The toolkit is what its contents say, and finds the repository and what lies beside it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import toolkit
from tests.toolkit import ROOT, commands, pecos_models, shared_folders

HELPERS = {
    path.stem for path in Path(toolkit.__file__).parent.glob("*.py") if not path.stem.startswith(("test_", "__"))
}
PARTS = {"train_pecos"}  # run by another module of the toolkit


def test_every_module_is_in_the_table_of_contents() -> None:
    rows = [line for line in str(toolkit.__doc__).splitlines() if line.startswith("| ")][1:]
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row.rsplit("|", 2)[1])} == HELPERS - PARTS


def test_the_repository_and_its_neighbours_are_found() -> None:
    assert (ROOT / "pyproject.toml").exists()
    assert ROOT / ".venv-pecos" in pecos_models.OWN.parents
    assert shared_folders.default() == ROOT.parent / "shared"


@pytest.mark.slow
def test_commands_start_where_textattack_has_been_imported(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import sys; print('textattack' in sys.modules, 'textattack_xmtc.plugin' in sys.modules)")
    assert commands.run(script).stdout == "True True\n"
