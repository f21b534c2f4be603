"""Plans of trainings: what can be changed of them."""

import pytest

from textattack_xmtc.errors import InputError
from textattack_xmtc.models.architecture import architectures
from textattack_xmtc.models.training.plan import small_plan


@pytest.mark.parametrize("name", [one.name for one in architectures()])
def test_a_name_that_a_plan_has_not_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="has no neighbors, vocabulary"):
        small_plan(name).changed({"epochs": 1, "neighbors": 20, "vocabulary": 3})


def test_the_encoder_of_another_architecture_is_refused() -> None:
    with pytest.raises(InputError, match="'attention-xml' has no encoder"):
        small_plan("attention-xml").changed({"encoder": "all-MiniLM-L6-v2"})
    assert small_plan("attention-xml-encoder").changed({"encoder": "a"}) != small_plan("attention-xml-encoder")
