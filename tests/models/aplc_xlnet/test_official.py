"""Official APLC-XLNet folders: scores are those of the authors' network, and what does not fit is named."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from transformers import XLNetTokenizerFast

from tests.toolkit.official_aplc_xlnet import LABELS, TEXTS, probabilities, random_state, token_ids, write_folder
from tests.toolkit.official_attention_xml import Payload
from textattack_xmtc.errors import InputError, MissingExtraError, ModelFolderError
from textattack_xmtc.models.aplc_xlnet.official import read_aplc_xlnet
from textattack_xmtc.models.aplc_xlnet.scorer import APLCXLNet
from textattack_xmtc.models.folder import load_model, save_model
from textattack_xmtc.models.importers.options import ImportOptions


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_folder(tmp_path / "official")
    return tmp_path / "official"


def imported(folder: Path, tmp_path: Path, **options: int) -> APLCXLNet:
    """The checkpoint as a user gets it: imported, saved, loaded."""
    model = read_aplc_xlnet(folder, ImportOptions(**options))
    return load_model(save_model(model, tmp_path / "model"), device="cpu")  # type: ignore[return-value]


def expected(folder: Path, max_length: int = 40) -> np.ndarray:
    state = torch.load(folder / "pytorch_model.bin")
    return np.stack([probabilities(state, token_ids(folder, text, max_length), max_length) for text in TEXTS])


@pytest.mark.parametrize("prefix", ["", "module."])
def test_it_scores_as_the_authors_network(folder: Path, tmp_path: Path, prefix: str) -> None:
    scores = expected(folder)
    assert np.ptp(scores, axis=0).min() > 1e-3 and np.ptp(scores, axis=1).min() > 1e-2
    state = torch.load(folder / "pytorch_model.bin")
    torch.save({prefix + key: value for key, value in state.items()}, folder / "pytorch_model.bin")
    model = imported(folder, tmp_path, max_length=40)
    assert isinstance(model, APLCXLNet)
    assert model.encode(TEXTS) == [token_ids(folder, text, 40) for text in TEXTS]
    np.testing.assert_allclose(model.dense(TEXTS), scores, atol=1e-5)
    np.testing.assert_allclose(model.score(TEXTS, [9, 0]), scores[:, [9, 0]], atol=1e-5)


def test_texts_that_are_too_long_are_cut_as_there(folder: Path, tmp_path: Path) -> None:
    model = imported(folder, tmp_path, max_length=7)
    assert [len(numbers) for numbers in model.encode(TEXTS)][::2] == [7, 7]
    np.testing.assert_allclose(model.dense(TEXTS), expected(folder, 7), atol=1e-5)


def test_a_later_xlnet_computes_the_gelu_that_its_name_says(folder: Path, tmp_path: Path) -> None:
    """The authors' release has tanh's approximation under the name that is now the exact function's."""
    assert read_aplc_xlnet(folder, ImportOptions()).network.config.activation == "gelu_new"
    edit(folder, transformers_version="4.50.0")
    assert read_aplc_xlnet(folder, ImportOptions()).network.config.activation == "gelu"
    edit(folder, transformers_version=None, ff_activation="relu")
    assert read_aplc_xlnet(folder, ImportOptions()).network.config.activation == "relu"


def test_what_is_kept_beside_the_weights(folder: Path, tmp_path: Path) -> None:
    model = imported(folder, tmp_path)
    assert model.label_names == tuple(f"label {number}" for number in range(LABELS))
    assert (model.max_length, model.mask_word) == (512, "<mask>")
    assert (model.network.config.cutoffs, model.network.config.summary_size) == ((4, 8), 12)
    mask = model.subwords.mask_id
    assert mask == 6 and mask in model.encode(["boil <mask> egg"])[0]


def test_safetensors_and_a_tokenizer_file_do_as_well(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = imported(folder, tmp_path).dense(TEXTS)
    XLNetTokenizerFast.from_pretrained(str(folder)).backend_tokenizer.save(str(folder / "tokenizer.json"))
    save_file(torch.load(folder / "pytorch_model.bin"), folder / "model.safetensors")
    (folder / "spiece.model").unlink()
    (folder / "pytorch_model.bin").unlink()
    monkeypatch.setitem(sys.modules, "sentencepiece", None)
    np.testing.assert_array_equal(read_aplc_xlnet(folder, ImportOptions()).dense(TEXTS), before)


@pytest.mark.parametrize("library", ["sentencepiece", "google.protobuf", "google"])
def test_a_missing_library_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    if library == "google":
        monkeypatch.delitem(sys.modules, "google.protobuf", raising=False)
    with pytest.raises(MissingExtraError, match=r"pip install sentencepiece protobuf, or put the tokenizer\.json"):
        read_aplc_xlnet(folder, ImportOptions())


def test_objects_beside_the_weights_are_refused_and_not_run(folder: Path, tmp_path: Path) -> None:
    torch.save({**random_state(60), "more": Payload(tmp_path / "made")}, folder / "pytorch_model.bin")
    with pytest.raises(ModelFolderError, match=r"pytorch_model\.bin' holds Python objects .*--trust"):
        read_aplc_xlnet(folder, ImportOptions())
    assert not (tmp_path / "made").exists()


def edit(folder: Path, **changes: Any) -> None:
    description = {**json.loads((folder / "config.json").read_text()), **changes}
    kept = {key: value for key, value in description.items() if value is not None}
    (folder / "config.json").write_text(json.dumps(kept))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"adaptive_cutoff": None}, "no 'adaptive_cutoff'"),
        ({"adaptive_cutoff": [8, 4]}, r"cut-offs \[8, 4\]"),
        ({"adaptive_cutoff": "all"}, "does not describe an APLC-XLNet"),
        ({"adaptive_cutoff": [4, 7]}, r"'AdaptiveMultiLabel\.tail\.0\.3\.weight' .* \(4, 6\); .* be \(3, 6\)"),
        ({"adaptive_cutoff": [4]}, r"'AdaptiveMultiLabel\.tail\.1\.\S+'; by the config\.json beside it, .* none"),
        ({"div_value": 3}, r"'AdaptiveMultiLabel\.tail\.0\.0\.weight' .* shape \(6, 12\); .* be \(4, 12\)"),
        ({"last_hidden_size": 768}, r"'sequence_summary\.summary\.weight' .* be \(768, 16\)"),
        ({"n_layer": 3}, r"lacks the weight 'transformer\.layer\.2\."),
        ({"n_token": 10}, r"'transformer\.word_embedding\.weight' .* be \(10, 16\)"),
        ({"n_token": None}, "no 'n_token'"),
        ({"d_model": 17}, "does not describe an APLC-XLNet"),
        ({"n_layer": 10**9}, "1000000000 layers make no XLNet"),
        ({"layer_norm_eps": []}, r"layer_norm_eps is \[\]"),
        ({"clamp_len": "far"}, "clamp_len is 'far'"),
        ({"div_value": 0}, "does not describe an APLC-XLNet"),
        ({"adaptive_cutoff": [float("inf")]}, "does not describe an APLC-XLNet"),
        ({"attn_type": "uni"}, "reads texts in both directions|attn_type='uni'"),
        ({"summary_type": "first"}, "summary_type is 'first', not 'last'"),
        ({"untie_r": False}, "untie_r is false"),
        ({"num_labels": 12}, "num_labels is 12 .* and there are 11 label names"),
    ],
)
def test_a_configuration_that_does_not_fit_is_refused(folder: Path, changes: dict[str, Any], message: str) -> None:
    edit(folder, **changes)
    with pytest.raises(ModelFolderError, match=message):
        read_aplc_xlnet(folder, ImportOptions())


def weights(change: Any) -> Any:
    def damage(folder: Path) -> None:
        state = torch.load(folder / "pytorch_model.bin")
        change(state)
        torch.save(state, folder / "pytorch_model.bin")

    return damage


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "config.json").unlink(), r"config\.json' cannot be read as JSON"),
        (lambda folder: (folder / "config.json").write_text("[1]"), "no 'adaptive_cutoff'"),
        (lambda folder: (folder / "config.json").write_text("[" * 100_000), r"config\.json' cannot be read as JSON"),
        (lambda folder: (folder / "pytorch_model.bin").unlink(), r"neither model\.safetensors nor pytorch_model\.bin"),
        (lambda folder: (folder / "spiece.model").unlink(), r"neither spiece\.model nor tokenizer\.json"),
        (lambda folder: (folder / "spiece.model").write_bytes(b"\0" * 99), r"spiece\.model' cannot be read"),
        (lambda folder: (folder / "labels.txt").unlink(), "no label names"),
        (lambda folder: (folder / "labels.txt").write_text("egg\n"), "num_labels is 11 .* there are 1 label names"),
        (
            weights(lambda state: state.pop("AdaptiveMultiLabel.head.weight")),
            r"lacks the weight 'AdaptiveMultiLabel\.head\.weight'",
        ),
        (
            weights(lambda state: state.update({"AdaptiveMultiLabel.head.bias": torch.zeros(6)})),
            r"holds the weight 'AdaptiveMultiLabel\.head\.bias'",
        ),
    ],
)
def test_what_is_missing_or_damaged_is_said(folder: Path, damage: Callable[..., Any], message: str) -> None:
    damage(folder)
    with pytest.raises(ModelFolderError, match=message):
        read_aplc_xlnet(folder, ImportOptions())


def test_more_sub_words_than_rows_are_refused(folder: Path) -> None:
    words = json.loads((folder / "config.json").read_text())["n_token"]
    torch.save(random_state(words - 1), folder / "pytorch_model.bin")
    edit(folder, n_token=words - 1)
    with pytest.raises(ModelFolderError, match=rf"are {words}; 'transformer\.word_embedding\.weight'"):
        read_aplc_xlnet(folder, ImportOptions())


def test_options_of_the_other_model_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="an APLC-XLNet has no use for vocabulary"):
        read_aplc_xlnet(folder, ImportOptions(vocabulary=tmp_path))
    with pytest.raises(InputError, match="max_length=2"):
        read_aplc_xlnet(folder, ImportOptions(max_length=2))
    with pytest.raises(ModelFolderError, match="there is no folder"):
        read_aplc_xlnet(tmp_path / "nowhere", ImportOptions())
