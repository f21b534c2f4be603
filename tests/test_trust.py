"""Every claim of docs/trust.md names tests, and they exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "trust.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)


def test_the_named_tests_exist() -> None:
    assert len(NAMED) > 20
    for file, name in NAMED:
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        assert any(isinstance(node, ast.FunctionDef) and node.name == name for node in tree.body), f"{file}::{name}"


def test_every_claim_names_a_test() -> None:
    model = PAGE[PAGE.index("Each claim has the tests") : PAGE.index("Not covered:")]
    for claim in re.split(r"\n- |\n\n(?=\*\*)", model)[1:]:
        if "\n- " not in claim and not claim.startswith("**N"):  # the heads of lists
            assert "::test_" in claim, claim
