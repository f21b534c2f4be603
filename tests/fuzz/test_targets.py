"""The string that carries labels and targets through TextAttack, and labels looked up by anything."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from tests.fuzz.damage import VALUES, damaged_value, json_bytes
from tests.fuzz.running import box, fuzz
from textattack_xmtc.targets import GroundTruth, LabelSpace

CARRIED = {"labels": ["stats", 3, "a b"], "targets": ["stats"]}
SPACES = [LabelSpace(["stats", "a b", "\u0663"]), LabelSpace(None, 4), LabelSpace(None)]
STRINGS = (
    st.text()
    | damaged_value(CARRIED).map(json_bytes).map(bytes.decode)
    | st.text("0123456789\u0663\u00b2", max_size=12)
    | st.sampled_from(["9" * 5000, "-1", "[" * 100_000, '{"labels": ' + "[" * 100_000, '{"labels": NaN}'])
)


@fuzz("ground truth", carried=STRINGS | VALUES, space=st.sampled_from(SPACES))
def test_ground_truth(carried: Any, space: Any) -> None:
    def there_and_back() -> Any:
        truth = GroundTruth.decode(carried)
        assert GroundTruth.decode(truth.encode()) == truth or len(truth.labels) == 1
        return truth

    with box() as place:
        truth = place.attempt(there_and_back)
        if truth is not None:
            known = space.known(truth.labels)
            assert all(space.index(space.name(index)) == index for index in known)
            place.attempt(lambda: space.require((*truth.labels, *(truth.targets or ()))))
            place.attempt(lambda: json.loads(truth.encode()))
