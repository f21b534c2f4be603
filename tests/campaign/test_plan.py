"""What can be chosen, from the command line's names or a TOML file, and what is said of the rest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from textattack_xmtc.campaign.plan import Plan, read_options
from textattack_xmtc.errors import DataError, InputError


def test_a_plan_survives_json() -> None:
    plan = Plan.of({"models": ["a", "b"], "data": "corpus", "k": 3, "cluster": False, "reference_model": "b"})
    kept = json.loads(json.dumps(plan.settings()))
    assert Plan.of(kept) == plan
    assert kept["models"] == ["a", "b"] and kept["total"] is None and kept["reference_model"] == "b"


def test_the_first_model_is_the_reference() -> None:
    assert Plan(("a", "b"), "corpus").reference_model == "a"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"models": []}, "a campaign needs models, and there are none; give --model FOLDER"),
        ({"data": ""}, "a campaign needs data, and there are none; give --data PATH"),
        ({"k": 0}, "k=0 is not a number of anything"),
        ({"total": -1}, "total=-1 is not"),
        ({"labels_per_bin": 0}, "labels_per_bin=0 is not"),
        ({"seed": -1}, "seed=-1 is below 0"),
        ({"max_change_rate": 10}, "max_change_rate=10 is not a share of the words"),
        ({"goal": "worst"}, "unknown goal 'worst'; choose positive, negative, untargeted"),
        ({"mode": "adv-xmtc", "ranking": "random"}, "mode adv-xmtc has a ranking of its own"),
        ({"mode": "adv-xmtc", "candidate_order": "until-goal"}, "mode adv-xmtc asks about all candidates"),
        ({"mode": "adv-xmtc", "candidate_source": "answers"}, "mode adv-xmtc takes the masked LM's words"),
        ({"candidate_source": "names"}, "candidate_source='names' is unknown; choose masked-lm or label-texts"),
        (
            {"ranking": "alphabet"},
            "ranking='alphabet' is unknown; choose masked-delta or masked-blocks or first-candidate",
        ),
        ({"candidate_order": "none"}, "candidate_order='none' is unknown; choose all or until-goal or while-better"),
        ({"models": ["a", "a"]}, "the model 'a' is named twice"),
        ({"reference_model": "c"}, "the reference model 'c' is none of the models a, b"),
    ],
)
def test_what_cannot_be_chosen(options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError) as raised:
        Plan.of({"models": ["a", "b"], "data": "corpus", **options})
    assert message in str(raised.value)


def test_a_toml_file_uses_the_names_of_the_command_line(tmp_path: Path) -> None:
    file = tmp_path / "campaign.toml"
    file.write_text(
        'model = "runs/plain"\ndata = "corpus"\nlabels-per-bin = 30\nsamples_per_bin = 9\nmax-change-rate = 1\n'
        'cluster = "no"\nout = "runs/c"\n'
    )
    assert read_options(file) == {
        "models": ["runs/plain"],
        "data": "corpus",
        "labels_per_bin": 30,
        "samples_per_bin": 9,
        "max_change_rate": 1.0,
        "cluster": False,
        "out": "runs/c",
    }
    file.write_text('models = ["a", "b"]\ncluster = true\n')
    assert read_options(file) == {"models": ["a", "b"], "cluster": True}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("label-per-bin = 3", r"'label-per-bin' is no option of a campaign; did you mean 'labels_per_bin'\?"),
        ("k = 'five'", "k is 'five'; give a whole number"),
        ("k = true", "k is True; give a whole number"),
        ("max-change-rate = 'little'", "max_change_rate is 'little'; give a number"),
        ("cluster = 1", "cluster is 1; give true or false"),
        ("models = [1]", r"models is \[1\]; give a list of folders"),
        ("data = 7", "data is 7; give a string"),
    ],
)
def test_a_toml_file_with_something_else_in_it(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "campaign.toml"
    file.write_text(content)
    with pytest.raises(InputError, match=message):
        read_options(file)


def test_a_file_that_is_no_toml(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read as TOML"):
        read_options(tmp_path / "nowhere.toml")
    (tmp_path / "bad.toml").write_text("k =")
    with pytest.raises(DataError, match=r"bad\.toml cannot be read as TOML"):
        read_options(tmp_path / "bad.toml")
