"""Official AttentionXML checkpoints, flat: scores are those of the authors' network, and what does not fit is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from tests.toolkit.official_attention_xml import (
    EMBEDDING,
    HIDDEN,
    NUMBERS,
    TEXTS,
    WORDS,
    Tree,
    network_logits,
    network_state,
    write_beside,
)
from textattack_xmtc.errors import InputError, ModelFolderError
from textattack_xmtc.models.attention_xml.flat import AttentionXML
from textattack_xmtc.models.attention_xml.official import read_attention_xml
from textattack_xmtc.models.folder import load_model, save_model
from textattack_xmtc.models.importers.options import ImportOptions

pytestmark = pytest.mark.usefixtures("no_punkt")

LABELS = 9


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A checkpoint with its vocabulary and label names beside it."""
    folder = tmp_path / "official"
    write_beside(folder, LABELS)
    torch.save(network_state(LABELS), folder / "AttentionXML-Eggs")
    return folder / "AttentionXML-Eggs"


def imported(source: Any, tmp_path: Path, **options: Any) -> Any:
    """The checkpoint as a user gets it: imported, saved, loaded."""
    model = read_attention_xml(source, ImportOptions(**options))
    return load_model(save_model(model, tmp_path / "model"), device="cpu")


@pytest.mark.parametrize(("layers", "linear"), [(1, (8,)), (2, (8, 7)), (3, ()), (1, (6, 5, 4))])
@pytest.mark.parametrize("prefix", ["", "module."])
def test_it_scores_as_the_authors_network(
    source: Path, tmp_path: Path, layers: int, linear: tuple[Any, ...], prefix: str
) -> None:
    state = network_state(LABELS, layers, linear, seed=3)
    torch.save({prefix + key: value for key, value in state.items()}, source)
    model = imported(source, tmp_path)
    assert isinstance(model, AttentionXML)
    assert model.encode(TEXTS) == NUMBERS
    logits = np.stack([network_logits(state, numbers) for numbers in NUMBERS])
    assert np.ptp(logits, axis=0).min() > 1e-2 and np.ptp(logits[:3], axis=1).min() > 1e-2
    np.testing.assert_allclose(model.dense(TEXTS, "logit"), logits, atol=1e-5)
    np.testing.assert_allclose(model.dense(TEXTS), 1 / (1 + np.exp(-logits)), atol=1e-5)
    np.testing.assert_allclose(model.score(TEXTS, [7, 0], "logit"), logits[:, [7, 0]], atol=1e-5)


def test_files_from_before_torch_1_6(source: Path, tmp_path: Path) -> None:
    torch.save(network_state(LABELS), source, _use_new_zipfile_serialization=False)
    logits = network_logits(network_state(LABELS), NUMBERS[0])
    np.testing.assert_allclose(imported(source, tmp_path).dense(TEXTS[:1], "logit")[0], logits, atol=1e-5)


def test_each_direction_and_part_of_the_start_counts(source: Path, tmp_path: Path) -> None:
    """A start that is read in another order would give other scores."""
    state = network_state(LABELS, layers=2)
    logits = network_logits(state, NUMBERS[0])
    for half in (slice(0, 4), slice(4, 8)):
        other = {**state, "lstm.init_state": state["lstm.init_state"].clone()}
        other["lstm.init_state"][half] = other["lstm.init_state"][half].flip(0)
        assert np.abs(network_logits(other, NUMBERS[0]) - logits).max() > 1e-2
        torch.save(other, source)
        actual = read_attention_xml(source, ImportOptions()).dense(TEXTS[:1], "logit")[0]
        np.testing.assert_allclose(actual, network_logits(other, NUMBERS[0]), atol=1e-5)


def test_what_is_kept_beside_the_weights(source: Path, tmp_path: Path) -> None:
    model = imported(source, tmp_path)
    assert model.label_names == tuple(f"label {number}" for number in range(LABELS))
    assert model.vocabulary.words == tuple(WORDS)
    assert (model.max_length, model.mask_word, model.vocabulary.tokenization) == (500, "<UNK>", "nltk")
    assert imported(source, tmp_path, max_length=3).encode(TEXTS[:1]) == [NUMBERS[0][:3]]


def test_vocabulary_and_names_from_elsewhere(source: Path, tmp_path: Path) -> None:
    (source.parent / "vocab.npy").rename(tmp_path / "words.npy")
    (source.parent / "labels.txt").write_text("wrong\n")
    (tmp_path / "names.json").write_text(str([f"n{number}" for number in range(LABELS)]).replace("'", '"'))
    model = imported(source, tmp_path, vocabulary=tmp_path / "words.npy", labels=tmp_path / "names.json")
    assert model.label_names[3] == "n3"


def test_a_vocabulary_of_objects_needs_trust(source: Path, tmp_path: Path) -> None:
    np.save(source.parent / "vocab.npy", np.array(WORDS, dtype=object))
    with pytest.raises(ModelFolderError, match=r"vocab\.npy.*--trust"):
        read_attention_xml(source, ImportOptions())
    assert imported(source, tmp_path, trust=True).vocabulary.words == tuple(WORDS)


def configuration(tmp_path: Path, name: str = "model.yaml", **settings: Any) -> Any:
    (tmp_path / name).write_text(yaml.safe_dump(settings))
    return tmp_path / name


def test_configurations_of_model_and_data(source: Path, tmp_path: Path) -> None:
    """As in the authors' repository: paths start from its root, the configurations lie below it."""
    data = tmp_path / "repository" / "data" / "Eggs"
    data.mkdir(parents=True)
    (source.parent / "vocab.npy").rename(data / "vocab.npy")
    (source.parent / "labels.txt").rename(data / "names.txt")
    folder = tmp_path / "repository" / "configure" / "datasets"
    folder.mkdir(parents=True)
    np.save(data / "emb_init.npy", np.zeros((len(WORDS), EMBEDDING)))
    of_data = configuration(
        folder,
        name="Eggs",
        embedding={"emb_init": "data/Eggs/emb_init.npy"},
        labels_binarizer="data/Eggs/names.txt",
        model={"emb_size": EMBEDDING},
    ).rename(folder / "Eggs.yaml")
    of_model = configuration(
        tmp_path,
        model={"hidden_size": HIDDEN, "layers_num": 1, "linear_size": [8], "dropout": 0.4, "emb_trainable": False},
        train={"batch_size": 40},
    )
    model = imported(source, tmp_path, configurations=(of_model, of_data))
    assert (model.network.config.hidden_dropout, model.network.config.embedding_dropout) == (0.4, 0.2)
    np.testing.assert_allclose(
        model.dense(TEXTS[:1], "logit")[0], network_logits(network_state(LABELS), NUMBERS[0]), atol=1e-5
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"emb_size": 7}, r"'emb\.emb\.weight' .* shape \(12, 6\); .* should be \(12, 7\)"),
        ({"hidden_size": 4}, r"'lstm\.init_state' .* shape \(4, 1, 5\); .* should be \(4, 1, 4\)"),
        ({"layers_num": 10**9}, "layers_num is 1000000000 in the configuration: expected at most 100"),
        ({"layers_num": 2}, r"lacks the weight 'lstm\.lstm\.weight_ih_l1'"),
        ({"linear_size": [9]}, r"'linear\.linear\.0\.weight' .* shape \(8, 10\); .* should be \(9, 10\)"),
        ({"linear_size": [8, 8]}, r"lacks the weight 'linear\.linear\.1\.weight'"),
        ({"linear_size": []}, r"holds the weight 'linear\.linear\.0\.(weight|bias)'; by"),
        ({"hidden_size": "many"}, "hidden_size is 'many' in the configuration, not a size"),
        ({"hidden_size": 0}, "hidden_size is 0"),
        ({"linear_size": [True]}, "linear_size"),
        ({"linear_size": 8}, "linear_size is 8 in the configuration, not a size"),
        ({"layers_num": []}, r"layers_num is \[\] in the configuration, not a size"),
        ({"emb_size": [6]}, r"emb_size is \[6\] in the configuration, not a size"),
        ({"dropout": 1.5}, "dropout is 1.5 in the configuration, not a share"),
        ({"labels_num": 8}, "labels_num is 8 in the configuration, and there are 9 label names"),
        ({"vocab_size": 8}, "vocab_size is 8 in the configuration, and there are 12 words"),
    ],
)
def test_a_configuration_that_does_not_fit_names_the_key(
    source: Path, tmp_path: Path, settings: dict[str, Any], message: str
) -> None:
    file = configuration(tmp_path, model=settings)
    with pytest.raises(ModelFolderError, match=message):
        read_attention_xml(source, ImportOptions(configurations=(file,)))


# Nine lines that stand for 9**9 numbers.
BOMB = b"".join(b"b%d: &b%d [%s]\n" % (n, n, b",".join([b"*b%d" % (n - 1) if n else b"*a"] * 9)) for n in range(8))
BOMB += b"emb_size: *b7\n"


def test_paths_that_can_be_none_are_not_there(source: Path, tmp_path: Path) -> None:
    for path in ("x" * 5000, r'"a\0b"', "[1, 2]"):
        file = tmp_path / "model.yaml"
        file.write_text(f"emb_init: {path}\nlabels_binarizer: {path}\n")
        assert read_attention_xml(source, ImportOptions(configurations=(file,))).label_names


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"- 1\n- 2\n", "holds a list, not settings"),
        (b"a: [", "cannot be read as YAML"),
        (b"a: " + b"[" * 20_000, "cannot be read as YAML"),
        (b"a: !!timestamp x", "cannot be read as YAML"),
        (b"a: &a [9,9,9,9,9,9,9,9,9]\n" + BOMB, r"emb_size is \[.*\.\.\.\].* not a size"),
        (b"\xff\xfe\x00", "cannot be read as YAML"),
        (b"model: !!python/object/apply:os.mkdir [MADE]\n", "cannot be read as YAML .*python/object"),
    ],
)
def test_what_is_no_configuration_is_refused_and_not_run(
    source: Path, tmp_path: Path, content: bytes, message: str
) -> None:
    file = tmp_path / "model.yaml"
    file.write_bytes(content.replace(b"MADE", str(tmp_path / "made").encode()))
    with pytest.raises(ModelFolderError, match=message):
        read_attention_xml(source, ImportOptions(configurations=(file,)))
    assert not (tmp_path / "made").exists()
    with pytest.raises(ModelFolderError, match="cannot be read as YAML"):
        read_attention_xml(source, ImportOptions(configurations=(tmp_path / "nowhere.yaml",)))


def _without(key: Any) -> Any:
    return lambda state: state.pop(key)


def _other(key: Any, shape: Any) -> Any:
    return lambda state: state.update({key: torch.zeros(shape)})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        *((_without(key), f"lacks the weight '{key}'") for key in network_state(2) if "linear.linear" not in key),
        (_other("lstm.lstm.weight_hh_l0", (20, 4)), r"'lstm\.\S+' .* shape"),
        (_other("lstm.lstm.weight_hh_l0", (20,)), r"'lstm\.lstm\.weight_hh_l0' .* shape \(20,\), not that of a matrix"),
        (_other("lstm.lstm.bias_ih_l0_reverse", (19,)), r"bias_ih_l0_reverse' .* \(19,\); .* should be \(20,\)"),
        (_other("attention.attention.weight", (LABELS, 9)), r"'attention.attention.weight' .* should be \(9, 10\)"),
        (_other("attention.attention.weight", (LABELS + 1, 10)), r"'attention.attention.weight' .* \(10, 10\);"),
        (_other("emb.emb.weight", (11, 6)), r"'emb\.emb\.weight' .* shape \(11, 6\); .* should be \(12, 6\)"),
        (_other("linear.output.weight", (2, 8)), r"'linear\.output\.weight' .* should be \(1, 8\)"),
        (_other("optimizer.step", (1,)), r"holds the weight 'optimizer\.step'; by"),
    ],
)
def test_weights_that_are_missing_or_of_another_shape_are_named(
    source: Path, change: Callable[..., Any], message: str
) -> None:
    state = network_state(LABELS)
    change(state)
    torch.save(state, source)
    with pytest.raises(ModelFolderError, match=message):
        read_attention_xml(source, ImportOptions())


def test_what_is_missing_is_said(source: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelFolderError, match=r"nowhere' is not there, nor is '.*nowhere-Level-0'"):
        read_attention_xml(tmp_path / "nowhere", ImportOptions())
    with pytest.raises(ModelFolderError, match=r"is a folder; give the checkpoint file.*adv-xmtc"):
        read_attention_xml(source.parent, ImportOptions())
    with pytest.raises(InputError, match="a flat AttentionXML has no use for beam"):
        read_attention_xml(source, ImportOptions(beam=3))
    with pytest.raises(InputError, match="max_length=0"):
        ImportOptions(max_length=0)
    np.save(source.parent / "vocab.npy", np.arange(12))
    with pytest.raises(ModelFolderError, match=r"vocab\.npy' does not hold a list of words"):
        read_attention_xml(source, ImportOptions())
    np.save(source.parent / "vocab.npy", np.array(WORDS[2:]))
    with pytest.raises(ModelFolderError, match="a vocabulary starts with"):
        read_attention_xml(source, ImportOptions())
    (source.parent / "vocab.npy").unlink()
    with pytest.raises(ModelFolderError, match=r"no vocab\.npy .*--vocabulary"):
        read_attention_xml(source, ImportOptions())
    (source.parent / "labels.txt").unlink()
    with pytest.raises(ModelFolderError, match=r"no label names .*--labels"):
        read_attention_xml(source, ImportOptions())


def test_a_tree_is_told_from_a_flat_model(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    for source in (tree.start, tree.file(0), tree.file(2)):
        assert read_attention_xml(source, ImportOptions()).name == "AttentionXML (tree)"


@pytest.mark.parametrize("order", "<>")
def test_a_vocabulary_of_numbers_that_are_no_characters_is_refused(source: Path, order: str) -> None:
    words = np.array(WORDS).astype(f"{order}U5")
    words.view(f"{order}u4")[5] = 0x7FFFFFFF
    np.save(source.parent / "vocab.npy", words)
    with pytest.raises(ModelFolderError, match=r"vocab\.npy' does not hold a list of words"):
        read_attention_xml(source, ImportOptions())
