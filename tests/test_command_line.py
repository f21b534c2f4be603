"""The real `textattack` command in a process of its own, as a user types it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pandas
import pytest
from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

from tests.toolkit import commands

pytestmark = pytest.mark.slow


def textattack(
    *arguments: str, by_itself: bool = False, stdin: str = "", cwd: Path | None = None, **environment: str
) -> Any:
    """Run `textattack` with these arguments; `by_itself`: in a new process, as a user starts it."""
    if not by_itself:
        return commands.run(commands.TEXTATTACK, *arguments, stdin=stdin, cwd=cwd, **environment)
    outside = {name: value for name, value in os.environ.items() if name not in ("TA_CACHE_DIR", "NLTK_DATA")}
    return subprocess.run(
        [str(commands.TEXTATTACK), *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**(outside if "HOME" in environment else os.environ), **environment},
        timeout=commands.TIMEOUT_S,
        check=False,
    )


def attack(*arguments: str, **options: Any) -> Any:
    ran = textattack("attack", *arguments, **options)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran


@pytest.fixture(scope="module")
def rows(demo: Path) -> list[dict[str, Any]]:
    """A few documents of the demo's test split."""
    return [json.loads(line) for line in (demo / "test.jsonl").read_text(encoding="utf-8").splitlines()[:40]]


def write(path: Path, rows: list[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def test_the_main_job_with_every_log(demo: Path, tmp_path: Path) -> None:
    ran = attack(
        *("--recipe", "xmtc-positive", "--model", "xmtc-demo", "--num-examples", "6"),
        *("--log-to-csv", str(tmp_path / "log.csv"), "--log-to-txt", str(tmp_path / "log.txt")),
        *("--log-summary-to-json", str(tmp_path / "summary.json")),
        by_itself=True,
    )
    assert "xmtc: victim AttentionXML" in ran.stderr
    assert "masked LM kept with the victim" in ran.stderr
    assert "Attack success rate:" in ran.stdout
    assert "[top-5: " in ran.stdout

    log = pandas.read_csv(tmp_path / "log.csv")
    assert len(log) == 6
    assert set(log["result_type"]) <= {"Successful", "Failed", "Skipped"}
    attacked = log[log["result_type"] != "Skipped"]
    assert len(attacked) and (attacked["original_output"].str.count(",") == 4).all()
    assert attacked["original_output"].str.contains(r"\*").all(), "the target is starred among the k best"
    done = log[log["result_type"] == "Successful"]
    assert not done["perturbed_output"].str.contains(r"\*").any(), "and is gone from them after a success"
    assert "target " in (tmp_path / "log.txt").read_text(encoding="utf-8")
    summary = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    assert json.dumps(summary).count("success") >= 1


def test_recipe_parameters_and_the_other_recipes(demo: Path) -> None:
    ran = attack("--recipe", "xmtc-negative^k=3,max_change_rate=0.2", "--model", "xmtc-demo", "-n", "1")
    assert "[top-3: " in ran.stdout and "(max_change_rate):  0.2" in ran.stdout
    ran = attack("--recipe", "xmtc-untargeted", "--model", f"xmtc:{demo}", "-n", "1", "--num-examples-offset", "5")
    assert "(goal_function):  Untargeted" in ran.stdout


def test_a_file_of_ones_own_wins_and_targets_count(demo: Path, rows: list[dict[str, Any]], tmp_path: Path) -> None:
    from textattack_xmtc.wrappers import ScorerWrapper

    # Of each text the worst placed of its labels that are among the 5 best, so that the choice shows.
    victim = ScorerWrapper.from_folder(demo)
    chosen = []
    for row in rows:
        best = [victim.labels.name(label) for label in victim.top_k([row["text"]], 5)[0][0]]
        right = [name for name in best if name in row["labels"]]
        if len(right) > 1:
            chosen.append({"text": row["text"], "labels": row["labels"], "targets": [right[-1]]})
    file = write(tmp_path / "own.jsonl", chosen[:2])
    ran = attack("--recipe", "xmtc-positive", "--model", f"xmtc:{demo}", "--dataset-from-file", file, "-n", "2")
    for row in chosen[:2]:
        assert f"target {row['targets'][0]}: rank " in ran.stdout


def test_what_a_user_can_fix_is_said_without_a_trace() -> None:
    """In a process of its own; `tests/test_attack_command.py` has the other messages."""
    ran = textattack("attack", "--recipe", "xmtc-positive", "--model", "xmtc:no-such-folder")
    assert ran.returncode == 2, ran.stdout + ran.stderr
    assert "no-such-folder" in ran.stderr and "Traceback" not in ran.stderr


def test_the_list_command_shows_the_names() -> None:
    shown = textattack("list", "attack-recipes", "--plain").stdout
    assert "xmtc-positive (textattack_xmtc.attack_recipes.XMTCPositive)" in shown


def test_without_network_and_with_an_empty_home(demo: Path, tmp_path: Path) -> None:
    nowhere = "http://127.0.0.1:9"
    home = tmp_path / "home"
    # Only what this package made is there: no stop words, no models, no marks of an earlier installation.
    cache = home / ".cache" / "textattack"
    cache.mkdir(parents=True)
    (cache / "xmtc").symlink_to(demo.parent)
    ran = attack(
        *("--recipe", "xmtc-positive", "--model", "xmtc-demo", "-n", "1"),
        by_itself=True,
        HOME=str(home),
        http_proxy=nowhere,
        https_proxy=nowhere,
        HF_ENDPOINT=nowhere,
    )
    assert "Attack Results" in ran.stdout


def test_a_model_from_the_hub_format_works_with_our_recipes(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    words = sorted({word.lower().strip(".,") for row in rows for word in row["text"].split()})
    vocabulary = tmp_path / "vocab.txt"
    vocabulary.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]), encoding="utf-8")
    folder = tmp_path / "tagger"
    tokenizer = BertTokenizerFast(str(vocabulary))
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    config = BertConfig(vocab_size=len(tokenizer), num_labels=12, problem_type="multi_label_classification", **sizes)
    BertForSequenceClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    data = write(tmp_path / "data.jsonl", [{"text": row["text"], "labels": ["LABEL_3"]} for row in rows[:3]])
    ran = attack(
        *("--recipe", "xmtc-negative^masked_lm='xmtc-demo',max_change_rate=0.3", "--model-from-huggingface"),
        *(str(folder), "--dataset-from-file", data, "-n", "3"),
    )
    assert "BertForSequenceClassification (12 labels)" in ran.stderr
    assert ran.stdout.count("Result ") == 3
