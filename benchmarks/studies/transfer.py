"""Do attacks transfer? The adversarial texts of the finished campaigns, tried on other models of the same corpus.

    python -m benchmarks.studies.transfer --keep FOLDER --campaigns FOLDER --out FOLDER [--only WORDS...]

FOLDER of `--campaigns` is that of `--out` of `benchmarks.studies.findings`: its positive campaigns on plain models are
copied, and go on with `--transfer-to`. Tried on: the plain models of `benchmarks.studies.models` (`--keep`) with
another architecture, and trees of linear classifiers over TF-IDF, which are trained here: PECOS's XR-Linear, where
XMTC_PECOS_PYTHON names an interpreter that has libpecos, and napkinXC's PLT on the small corpora (on these drawings of
the large ones, napkinXC 0.7.2 ends with "malloc(): invalid size"). The table goes between its marks in
`docs/results.md`. `--only` takes the campaigns whose names hold all these words.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import joblib  # type: ignore[import-untyped]  # it has no types
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from benchmarks.studies.findings import ARCHITECTURES, COMMAND, PLAIN, Planned, planned
from benchmarks.studies.findings_tables import SHORT, Table, percent, points, put_tables
from benchmarks.studies.models import SMALL
from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.datasets.load import load_corpus
from textattack_xmtc.results.campaign import Campaign
from textattack_xmtc.results.folder import read_campaign
from textattack_xmtc.results.tables.transfer import pairs_of, transferred

RESULTS = Path(__file__).parent / "transfer.json"
SHOWN = 20  # labels that the linear models show
PLT_FILE = f"""
from pathlib import Path

import joblib

from textattack_xmtc.wrappers import NapkinXCWrapper

here = Path(__file__).parent
names = (here / "labels.txt").read_text(encoding="utf-8").splitlines()
model = NapkinXCWrapper(here / "tree", joblib.load(here / "vectorizer.joblib"), names, shown={SHOWN})
"""
PECOS_FILE = f"""
from pathlib import Path

from textattack_xmtc.wrappers import PecosWrapper

model = PecosWrapper(Path(__file__).parent / "text2text", shown={SHOWN})
"""
LINEAR = {"plt": "napkinXC PLT", "xr-linear": "PECOS XR-Linear"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option in ("--keep", "--campaigns", "--out"):
        parser.add_argument(option, type=Path, required=True)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--tables-only", action="store_true", help="try nothing")
    options = parser.parse_args()
    chosen = [one for one in planned() if one.goal == "positive" and (options.campaigns / one.name).is_dir()]
    for one in [] if options.tables_only else chosen:
        if all(word in one.name for word in options.only):
            run(one, options.keep, options.campaigns, options.out)
    done = {one: options.out / one.name for one in chosen if (options.out / one.name / "transfer.json").exists()}
    put_tables({"transfer": table({one: read_campaign(folder) for one, folder in done.items()})}, RESULTS)


def run(one: Planned, keep: Path, campaigns: Path, out: Path) -> None:
    """Go on with a copy of a campaign."""
    copy_plain(campaigns / one.name, out / one.name, f"{one.corpus}-{one.architecture}-{PLAIN}")
    others = [keep / f"{one.corpus}-{name}-{PLAIN}" for name in ARCHITECTURES[one.corpus] if name != one.architecture]
    others = [folder for folder in others if folder.is_dir()]
    others += linear_models(campaigns / "corpora" / one.corpus, out / "linear" / one.corpus, one.corpus in SMALL)
    command = ["campaign", "--out", str(out / one.name), "--resume", "--transfer-to", *map(str, others)]
    print("textattack-xmtc", *command, flush=True)
    subprocess.run([sys.executable, "-c", COMMAND, *command], check=True)


def copy_plain(campaign: Path, copy: Path, model: str) -> None:
    """A finished campaign with only its plain model, whose records are there to the last."""
    if copy.is_dir():
        return
    beside = copy.with_name(copy.name + ".new")
    shutil.rmtree(beside, ignore_errors=True)
    shutil.copytree(campaign, beside, ignore=shutil.ignore_patterns("report", ".lock"))
    facts = json.loads((beside / "campaign.json").read_text(encoding="utf-8"))
    facts["models"] = [one for one in facts["models"] if one["name"] == model]
    facts["settings"]["models"] = [one["folder"] for one in facts["models"]]
    (beside / "campaign.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")
    beside.rename(copy)


def linear_models(data: Path, folder: Path, small: bool) -> list[Path]:
    """Victim files of linear models that are trained on a corpus where they are not there."""
    corpus = load_corpus(data)
    files = []
    for name, train in (("plt", train_plt), ("xr-linear", train_pecos)):
        if small if name == "plt" else os.environ.get("XMTC_PECOS_PYTHON"):
            own = folder / name
            if not own.is_dir():
                beside = own.with_name(name + ".new")
                shutil.rmtree(beside, ignore_errors=True)
                beside.mkdir(parents=True)
                train(corpus, beside)
                beside.rename(own)
            files.append(own / f"{name}.py")
    return files


def train_plt(corpus: Corpus, folder: Path) -> None:
    """napkinXC's probabilistic label tree over TF-IDF; a Huffman tree, as in `benchmarks.studies.models`."""
    from napkinxc.models import PLT

    rows = corpus.split("train")
    vectorizer = TfidfVectorizer(sublinear_tf=True, dtype=np.float32)
    features = vectorizer.fit_transform(list(rows["text"]))
    PLT(str(folder / "tree"), tree_type="huffman", threads=1, seed=0).fit(features, list(rows["labels"]))
    joblib.dump(vectorizer, folder / "vectorizer.joblib")
    (folder / "labels.txt").write_text("\n".join(corpus.label_names) + "\n", encoding="utf-8")
    (folder / "plt.py").write_text(PLT_FILE, encoding="utf-8")


def train_pecos(corpus: Corpus, folder: Path) -> None:
    """PECOS's Text2Text with its own defaults: TF-IDF and XR-Linear."""
    rows = corpus.split("train")
    lines = [f"{','.join(map(str, row['labels']))}\t{' '.join(row['text'].split())}" for row in rows if row["labels"]]
    (folder / "train.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "labels.txt").write_text("\n".join(corpus.label_names) + "\n", encoding="utf-8")
    python = os.environ["XMTC_PECOS_PYTHON"]
    files = ["-i", folder / "train.txt", "-q", folder / "labels.txt", "-m", folder / "text2text", "--threads", "1"]
    subprocess.run([python, "-m", "pecos.apps.text2text.train", *map(str, files)], check=True)
    (folder / "xr-linear.py").write_text(PECOS_FILE, encoding="utf-8")


def table(campaigns: dict[Planned, Campaign]) -> Table:
    """What the attack's texts do to each other model, beside what as many other exchanged words do."""
    head = ["corpus", "found on", "tried on", "adversarial texts", "right before", "success there"]
    head += ["other words exchanged", "difference (points)", "tail", "head"]
    rows = []
    for one, campaign in campaigns.items():
        for model, transfer in pairs_of(campaign):
            whole = transferred(campaign, model, transfer)
            ends = [transferred(campaign, model, transfer, part.number) for part in campaign.bins]
            rows.append(
                [
                    *(one.corpus, SHORT[one.architecture], called(transfer.name, one.corpus)),
                    *(f"{whole.adversarial}", f"{whole.success.n}", percent(whole.success), percent(whole.control)),
                    points(whole.less_control),
                    *(f"{percent(end.success)}, n = {end.success.n}" for end in (ends[0], ends[-1])),
                ]
            )
    return head, rows


def called(name: str, corpus: str) -> str:
    """What a table calls a model."""
    return LINEAR.get(name) or SHORT[name.removeprefix(f"{corpus}-").removesuffix(f"-{PLAIN}")]


if __name__ == "__main__":
    main()
