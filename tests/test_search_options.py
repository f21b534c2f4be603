"""The names of rankings, as options and as TextAttack's command has them."""

from __future__ import annotations

from typing import get_args

import pytest

from textattack_xmtc.errors import InputError
from textattack_xmtc.registered import OLD_NAMES, SEARCH_METHODS
from textattack_xmtc.search_methods import search_named
from textattack_xmtc.search_options import Ranking, ranking_named


@pytest.mark.parametrize("name", [*SEARCH_METHODS, *(old for old in OLD_NAMES if "targeted" not in old)])
def test_a_search_is_named_alike_in_options_and_in_textattack(name: str) -> None:
    path = SEARCH_METHODS[OLD_NAMES.get(name, name)]
    assert type(search_named(ranking_named(name))).__name__ == path.rpartition(".")[2]


def test_options_keep_their_names() -> None:
    assert [ranking_named(name) for name in get_args(Ranking)] == list(get_args(Ranking))


@pytest.mark.parametrize("name", ["best", "", "xmtc-", "masked delta"])
def test_an_unknown_ranking_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"unknown ranking=.*; choose masked-delta or masked-blocks"):
        ranking_named(name)
