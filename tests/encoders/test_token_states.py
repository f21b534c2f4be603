"""Token states that are kept: computed once, resumed, never those of another encoder; room is looked for first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from textattack_xmtc.encoders import token_states
from textattack_xmtc.encoders.token_states import States, kept_states
from textattack_xmtc.errors import InputError, XMTCError

WIDTH = 4
TEXTS = [[7, 8, 9], [7], [5] * 6, [1, 2], [3, 3, 3, 3]]


class Encoder:
    """States that tell the token, its place and the encoder; counts texts, and dies after `most` calls."""

    def __init__(self, factor: float = 1.0, most: int = 99) -> None:
        self.factor, self.most, self.read = factor, most, 0

    def __call__(self, texts: Sequence[Sequence[int]]) -> list[States]:
        if not self.most:
            raise KeyboardInterrupt
        self.most -= 1
        self.read += len(texts)
        return [np.array([[self.factor * t, n, 0, 1] for n, t in enumerate(text)], np.float16) for text in texts]


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_states, "TEXTS_A_PART", 2)


def test_a_batch_has_the_states_of_its_texts_and_zeros_behind(tmp_path: Path) -> None:
    for folder in (tmp_path / "states", None):
        states, lengths = kept_states("a", Encoder(), TEXTS, WIDTH, folder).batch([3, 0, 4])
        assert states.shape == (3, 4, WIDTH) and lengths.tolist() == [2, 3, 4]
        assert states[0].tolist() == [[1, 0, 0, 1], [2, 1, 0, 1], [0] * 4, [0] * 4]
        assert states[1, :, 0].tolist() == [7, 8, 9, 0] and states[2, :, 1].tolist() == [0, 1, 2, 3]


def test_an_interrupted_computation_resumes_to_the_same_states(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        kept_states("a", Encoder(most=2), TEXTS, WIDTH, tmp_path)
    rest = Encoder()
    resumed = kept_states("a", rest, TEXTS, WIDTH, tmp_path)
    assert rest.read == 1, "two parts of two texts were kept"
    whole = kept_states("a", Encoder(), TEXTS, WIDTH, None)
    everything = list(range(len(TEXTS)))
    assert (resumed.batch(everything)[0] == whole.batch(everything)[0]).all()


@pytest.mark.parametrize(
    ("name", "texts", "computed"),
    [
        ("a", TEXTS, 0),
        ("b", TEXTS, 5),  # another encoder
        ("a", [text[:3] for text in TEXTS], 3),  # a shorter length: the parts where a text is cut
        ("a", [*TEXTS[:4], [4, 4]], 1),
        ("a", [[7, 8], [9, 7], *TEXTS[2:]], 2),  # the same tokens, other texts
    ],
)
def test_only_states_of_the_same_encoder_and_tokens_are_used(
    tmp_path: Path, name: str, texts: list[list[int]], computed: int
) -> None:
    kept_states("a", Encoder(), TEXTS, WIDTH, tmp_path)
    again = Encoder(factor=2.0)
    kept_states(name, again, texts, WIDTH, tmp_path)
    assert again.read == computed


DAMAGES: dict[str, Callable[[Path], object]] = {
    "cut off": lambda file: file.write_bytes(file.read_bytes()[:-3]),
    "no header": lambda file: file.write_bytes(b"\0" * 20),
    "another shape": lambda file: np.save(file, np.zeros((1, WIDTH), np.float16)),
    "other numbers": lambda file: np.save(file, np.zeros((4, WIDTH), np.float32)),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_part_is_computed_again(tmp_path: Path, damage: str) -> None:
    before = kept_states("a", Encoder(), TEXTS, WIDTH, tmp_path).batch([0, 1])[0]
    for file in tmp_path.iterdir():
        DAMAGES[damage](file)
    again = Encoder()
    assert (kept_states("a", again, TEXTS, WIDTH, tmp_path).batch([0, 1])[0] == before).all() and again.read == 5


def test_values_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="token states are not finite as float16"):
        kept_states("a", Encoder(factor=np.inf), TEXTS, WIDTH, tmp_path)
    kept_states("a", Encoder(), TEXTS, WIDTH, tmp_path)
    for file in tmp_path.iterdir():
        states = np.load(file)
        states[0, 0] = np.nan
        np.save(file, states)
    with pytest.raises(InputError, match="kept token states have NaN or infinite values"):
        kept_states("a", Encoder(), TEXTS, WIDTH, tmp_path).batch([0])


def test_the_room_is_said_and_looked_for_before_the_first_pass(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept_states("a", Encoder(), TEXTS[:2], WIDTH, tmp_path)
    free = 2 * WIDTH * sum(map(len, TEXTS[2:]))  # the first two texts are kept
    monkeypatch.setattr(token_states.shutil, "disk_usage", lambda _: SimpleNamespace(free=free - 1))
    encoder = Encoder()
    with pytest.raises(XMTCError, match=r"the token states of 5 texts take 0\.00 GB in .* are free; make room"):
        kept_states("a", encoder, TEXTS, WIDTH, tmp_path)
    assert not encoder.read
    monkeypatch.setattr(token_states.shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    kept_states("a", encoder, TEXTS, WIDTH, tmp_path)
    assert "token states of 5 texts: 0.00 GB in" in capsys.readouterr().err
