"""An APLC-XLNet folder as the authors' program writes it, with random weights, and what that computes with it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import sentencepiece
import torch
from transformers import XLNetConfig, XLNetModel, XLNetTokenizer

TEXTS = ["Boil an egg with salt, then serve warm soup", "tea", "fresh bread or rice 'quoted' café <mask> egg"]
LABELS, CUTOFFS, HIDDEN, SUMMARY = 11, (4, 8), 16, 12
_SPECIAL = ["<cls>", "<sep>", "<pad>", "<mask>", "<eod>", "<eop>"]  # numbered from 3, as in XLNet's own file


def write_folder(folder: Path, seed: int = 0) -> dict[str, torch.Tensor]:
    """Write a folder of these sizes; gives its weights."""
    folder.mkdir(parents=True, exist_ok=True)
    words = write_pieces(folder)
    (folder / "config.json").write_text(json.dumps(description(words)))
    (folder / "labels.txt").write_text("".join(f"label {number}\n" for number in range(LABELS)))
    state = random_state(words, seed)
    torch.save(state, folder / "pytorch_model.bin")
    torch.save({"learning_rate": 1e-3, "path": folder}, folder / "training_args.bin")  # lies there and is never read
    return state


def write_pieces(folder: Path) -> int:
    """Train sub-words and write `spiece.model`; gives their number."""
    (folder / "texts").write_text("\n".join(TEXTS * 20).replace("<mask>", ""), encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(folder / "texts"),
        model_prefix=str(folder / "spiece"),
        vocab_size=60,
        hard_vocab_limit=False,
        user_defined_symbols=_SPECIAL,
        minloglevel=2,
    )
    (folder / "texts").unlink()
    (folder / "spiece.vocab").unlink()
    return int(sentencepiece.SentencePieceProcessor(model_file=str(folder / "spiece.model")).get_piece_size())


def description(words: int) -> dict[str, Any]:
    """What `config.json` says."""
    return {
        "adaptive_cutoff": list(CUTOFFS),
        "attn_type": "bi",
        "bi_data": False,
        "clamp_len": -1,
        "d_head": HIDDEN // 2,
        "d_inner": 24,
        "d_model": HIDDEN,
        "div_value": 2,
        "dropout": 0.1,
        "end_n_top": 5,
        "ff_activation": "gelu",
        "finetuning_task": "wiki10",
        "initializer_range": 0.02,
        "last_hidden_size": SUMMARY,
        "layer_norm_eps": 1e-12,
        "mem_len": None,
        "n_head": 2,
        "n_layer": 2,
        "n_token": words,
        "num_labels": LABELS,
        "output_attentions": False,
        "output_hidden_states": False,
        "reuse_len": None,
        "same_length": False,
        "start_n_top": 5,
        "summary_activation": "tanh",
        "summary_last_dropout": 0.1,
        "summary_type": "last",
        "summary_use_proj": True,
        "torchscript": False,
        "untie_r": True,
    }


def encoder(words: int) -> XLNetModel:
    """XLNet with the activation that the authors' release of it computes."""
    sizes = XLNetConfig(
        vocab_size=words, d_model=HIDDEN, n_layer=2, n_head=2, d_inner=24, ff_activation="gelu_new", use_mems_eval=False
    )
    return XLNetModel(sizes).eval()


def random_state(words: int, seed: int = 0) -> dict[str, torch.Tensor]:
    """The state dict under the official names."""
    generator = torch.Generator().manual_seed(seed)
    shapes = {f"transformer.{key}": value.shape for key, value in encoder(words).state_dict().items()}
    shapes["sequence_summary.summary.weight"] = (SUMMARY, HIDDEN)
    shapes["sequence_summary.summary.bias"] = (SUMMARY,)
    shapes["AdaptiveMultiLabel.head.weight"] = (4 + 2, SUMMARY)
    for number, (width, labels) in enumerate(((6, 4), (3, 3))):
        shapes[f"AdaptiveMultiLabel.tail.{number}.0.weight"] = (width, SUMMARY)
        shapes[f"AdaptiveMultiLabel.tail.{number}.1.weight"] = (width,)
        shapes[f"AdaptiveMultiLabel.tail.{number}.1.bias"] = (width,)
        shapes[f"AdaptiveMultiLabel.tail.{number}.3.weight"] = (labels, width)
    return {key: 0.7 * torch.randn(tuple(shape), generator=generator) for key, shape in shapes.items()}


def token_ids(folder: Path, text: str, max_length: int) -> list[int]:
    """The sub-words of a text, `<sep>` and `<cls>`."""
    tokenizer = XLNetTokenizer(str(folder / "spiece.model"))
    pieces = tokenizer.tokenize(text)[: max_length - 2]
    return list(tokenizer.convert_tokens_to_ids([*pieces, "<sep>", "<cls>"]))


def probabilities(state: dict[str, torch.Tensor], numbers: list[int], max_length: int) -> np.ndarray:
    """Of one text, padded at the front to `max_length` with the number 0 and the segment 4."""
    padding = max_length - len(numbers)
    model = encoder(len(state["transformer.word_embedding.weight"]))
    model.load_state_dict(
        {key.removeprefix("transformer."): value for key, value in state.items() if key.startswith("transformer.")}
    )
    with torch.no_grad():
        states = model(
            torch.tensor([[0] * padding + numbers]),
            attention_mask=torch.tensor([[0.0] * padding + [1.0] * len(numbers)]),
            token_type_ids=torch.tensor([[4] * padding + [0] * (len(numbers) - 1) + [2]]),
        ).last_hidden_state
        weight, bias = (state[f"sequence_summary.summary.{kind}"] for kind in ("weight", "bias"))
        summary = torch.tanh(states[0, -1] @ weight.T + bias)
        head = torch.sigmoid(summary @ state["AdaptiveMultiLabel.head.weight"].T)
        parts = [head[:4]]
        for number in range(2):
            narrow = summary @ state[f"AdaptiveMultiLabel.tail.{number}.0.weight"].T
            narrow = (narrow - narrow.mean()) / (narrow.var(correction=0) + 1e-5).sqrt()
            narrow = narrow * state[f"AdaptiveMultiLabel.tail.{number}.1.weight"]
            narrow = torch.relu(narrow + state[f"AdaptiveMultiLabel.tail.{number}.1.bias"])
            rows = torch.sigmoid(narrow @ state[f"AdaptiveMultiLabel.tail.{number}.3.weight"].T)
            parts.append(head[4 + number] * rows)
    return torch.cat(parts).numpy()
