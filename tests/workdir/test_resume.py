"""What may be resumed: the same configuration, and only where it is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from textattack_xmtc.errors import InputError
from textattack_xmtc.workdir.resume import check_config, unfinished_folder


def test_the_first_difference_is_named() -> None:
    check_config("it", {"k": 5, "models": ["a", "b"]}, {"models": ("a", "b")}, "stop")
    with pytest.raises(InputError, match=r"it has k=5, and k=3 was asked for; stop"):
        check_config("it", {"k": 5, "seed": 0}, {"k": 3, "seed": 1}, "stop")
    with pytest.raises(InputError, match=r"it has theta=None, and theta=1 was asked for"):
        check_config("it", {"k": 5}, {"theta": 1}, "stop")


def test_an_unfinished_run(tmp_path: Path) -> None:
    out = tmp_path / "model"
    assert unfinished_folder(out, "training", resume=False) == tmp_path / "model.unfinished"
    (tmp_path / "model.unfinished").mkdir()
    unfinished_folder(out, "training", resume=False)
    (tmp_path / "model.unfinished" / "words.jsonl").write_text("")
    with pytest.raises(InputError, match=r"unfinished training in .*model\.unfinished'; resume it \(--resume\)"):
        unfinished_folder(out, "training", resume=False)
    unfinished_folder(out, "training", resume=True)
    out.mkdir()
    with pytest.raises(InputError, match="exists; choose another folder"):
        unfinished_folder(out, "training", resume=True)
