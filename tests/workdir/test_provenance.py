"""Versions and fingerprints."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest

from textattack_xmtc.workdir import provenance


def test_a_fingerprint_is_of_names_and_bytes(tmp_path: Path) -> None:
    assert provenance.fingerprint(tmp_path / "nothing") is None
    (tmp_path / "model").mkdir()
    fingerprints = [provenance.fingerprint(tmp_path / "model")]
    for name, content in (("config.json", "{}"), ("config.json", "{ }"), ("labels.json", "[]")):
        (tmp_path / "model" / name).write_text(content)
        fingerprints.append(provenance.fingerprint(tmp_path / "model"))
    assert len(set(fingerprints)) == 4 and all(one is not None and len(one) == 16 for one in fingerprints)
    (tmp_path / "model" / "training.json").write_text("{}")
    (tmp_path / "model" / "masked_lm").mkdir()
    assert provenance.fingerprint(tmp_path / "model") == fingerprints[-1]


def test_versions_where_half_a_package_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    real = metadata.version

    def version(name: str) -> str:
        if name == "textattack":
            raise metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(provenance, "version", version)
    listed = provenance.versions()
    assert listed["textattack"] == "not installed" and listed["numpy"] == real("numpy")
    assert (
        provenance.changed_versions({**listed, "textattack": "0.3.10"}, listed) == "textattack 0.3.10 -> not installed"
    )
