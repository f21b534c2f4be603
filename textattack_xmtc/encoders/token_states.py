"""States of the tokens of many texts, computed once and kept as float16: by part, memory-mapped, resumable."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from tqdm import tqdm

from textattack_xmtc.errors import InputError, XMTCError
from textattack_xmtc.workdir.files import whole_file, writing
from textattack_xmtc.workdir.progress import say

TEXTS_A_PART = 256
"""So many texts are computed between two writes."""

States = npt.NDArray[np.float16]


class TokenStates:
    """The states of the tokens of some texts, as `kept_states` gives them.

    Args:
        parts: the states of all tokens of `TEXTS_A_PART` texts each (the last: of fewer), shape `(tokens, d)`.
        lengths: tokens of each text.
    """

    def __init__(self, parts: Sequence[States], lengths: Sequence[int]) -> None:
        self._parts, self.lengths = parts, list(lengths)
        starts = range(0, len(lengths), TEXTS_A_PART)
        self._ends = np.concatenate(
            [np.cumsum(self.lengths[start : start + TEXTS_A_PART]) for start in starts] or [np.zeros(0, np.int64)]
        )

    def batch(self, positions: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor]:
        """States of the texts at some positions, float32, shape `(texts, longest, d)`, and their lengths.

        Behind the end of a text are zeros.

        Raises:
            InputError: a kept value is not finite: the file was damaged.
        """
        lengths = torch.tensor([self.lengths[position] for position in positions])
        states = torch.zeros(len(positions), int(lengths.max()), self._parts[0].shape[1])
        for row, position in zip(states, positions, strict=True):
            end, length = int(self._ends[position]), self.lengths[position]
            row[:length] = torch.from_numpy(np.array(self._parts[position // TEXTS_A_PART][end - length : end]))
        if not bool(torch.isfinite(states).all()):
            raise InputError("kept token states have NaN or infinite values", "remove their folder and start again")
        return states, lengths


def kept_states(
    name: str,
    encode: Callable[[Sequence[Sequence[int]]], list[States]],
    texts: Sequence[Sequence[int]],
    width: int,
    folder: Path | None,
) -> TokenStates:
    """The states of the tokens of texts, from `folder` where they are kept there.

    A part is a file named after the encoder and the tokens of its texts, written beside and renamed: states of another
    encoder, of other texts or of another length are never used, a file of another shape is computed again, and an
    interrupted computation resumes. What is still to be computed takes 2 bytes times `width` a token; this is said, and
    compared with the free disk, before it starts.

    Args:
        name: which encoder it is, its weights included.
        encode: the states of some texts, given their token numbers: one array a text, shape `(tokens, width)`.
        width: of a state.
        folder: where parts are kept; it is made where it is missing. None: they stay in memory.

    Raises:
        InputError: a state is not finite, or beyond the numbers of float16.
        XMTCError: there is not room enough, or a part cannot be written.

    Example:
        >>> import tempfile
        >>> ones = lambda texts: [np.ones((len(text), 3), dtype=np.float16) for text in texts]
        >>> states = kept_states("ones", ones, [[5, 6], [7]], 3, Path(tempfile.mkdtemp()))
        >>> states.batch([1, 0])[0][:, :, 0].tolist()
        [[1.0, 0.0], [1.0, 1.0]]
    """
    parts = [texts[start : start + TEXTS_A_PART] for start in range(0, len(texts), TEXTS_A_PART)]
    sizes = [sum(map(len, part)) for part in parts]
    files = [None if folder is None else folder / f"{_fingerprint(name, part)}.npy" for part in parts]
    kept = [None if file is None else _read(file, (size, width)) for file, size in zip(files, sizes, strict=True)]
    missing = [number for number, states in enumerate(kept) if states is None]
    if missing and folder is not None:
        with writing(f"the folder {str(folder)!r}"):
            folder.mkdir(parents=True, exist_ok=True)
        _check_room(folder, 2 * width * sum(sizes[number] for number in missing), len(texts))
    done: list[States] = []
    for number in tqdm(range(len(parts)), "token states", unit="part", disable=len(missing) < 2, leave=False):
        states, file = kept[number], files[number]
        if states is None:
            states = np.concatenate(encode(parts[number]))
            if not np.isfinite(states).all():
                raise InputError("token states are not finite as float16", "use another encoder, or --fine-tune")
            if file is not None:
                with writing(f"token states in {str(folder)!r}"), whole_file(file) as opened:
                    np.save(opened, states)
                states = _read(file, states.shape)
        assert states is not None
        done.append(states)
    return TokenStates(done, [len(text) for text in texts])


def _check_room(folder: Path, needed: int, texts: int) -> None:
    free = shutil.disk_usage(folder).free
    room = f"{needed / 1e9:,.2f} GB in {str(folder)!r}, where {free / 1e9:,.2f} GB are free"
    if needed > free:
        raise XMTCError(f"the token states of {texts:,} texts take {room}", "make room, or keep them elsewhere")
    say(f"token states of {texts:,} texts: {room}")


def _fingerprint(name: str, texts: Sequence[Sequence[int]]) -> str:
    digest = hashlib.sha256(name.encode())
    for text in texts:
        digest.update(np.array([len(text), *text], dtype="<i8").tobytes())
    return digest.hexdigest()[:32]


def _read(file: Path, shape: tuple[int, ...]) -> States | None:
    try:
        states = np.load(file, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):  # not there, cut off or damaged
        return None
    return states if states.shape == shape and states.dtype == np.float16 else None
