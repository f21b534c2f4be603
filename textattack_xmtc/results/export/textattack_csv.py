"""The results of a model as the CSV that TextAttack's own logger writes: the same columns, the same marks."""

from __future__ import annotations

import csv
import io

from textattack_xmtc.results.campaign import Campaign
from textattack_xmtc.results.examples import marked
from textattack_xmtc.results.markup import csv_text, printable
from textattack_xmtc.results.records import ERROR, SKIPPED, Model, Prediction
from textattack_xmtc.results.tables.table import Marked

COLUMNS = (
    *("original_text", "perturbed_text", "original_score", "perturbed_score", "original_output", "perturbed_output"),
    *("ground_truth_output", "num_queries", "result_type"),
)
"""Those of `textattack.loggers.CSVLogger` (TextAttack 0.3.11)."""

_LINE_BREAK = "<SPLIT>"  # AttackedText.SPLIT_TOKEN


def textattack_csv(campaign: Campaign, model: Model) -> str:
    """Every attacked or skipped sample of a model as CSV; records that are errors have no result and are left out.

    Changed words stand in double brackets. Scores are the target's, as the model gives them; outputs are the k best
    labels, the ground truth is the target. A goal that was reached with more changed words than allowed is Failed.
    Texts that a spreadsheet could take for formulas are written as `markup.csv_text` says.
    """
    file = io.StringIO()
    writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(COLUMNS)
    numbers = model.rows.index[model.rows["outcome"] != ERROR]
    for record, sample in zip(model.records.of(numbers), campaign.samples.of(numbers), strict=True):
        pieces = marked(sample.text, record.adversarial or sample.text)
        kind = "Successful" if campaign.reached(record) else "Failed"
        after = record.after or record.before
        writer.writerow(
            [
                *(_text(pieces, kept) for kept in ("removed", "added")),
                *("" if part is None else part.score for part in (record.before, after)),
                *(_labels(campaign, part, sample.target) for part in (record.before, after)),
                csv_text(printable(campaign.label_names[sample.target])),
                record.queries,
                "Skipped" if record.outcome == SKIPPED else kind,
            ]
        )
    return file.getvalue()


def _text(text: Marked, kept: str) -> str:
    """One side of a changed text, its changed words in double brackets."""
    parts = [f"[[{piece}]]" if kind == kept else piece for kind, piece in text.pieces if kind == kept or kind == "same"]
    return csv_text(printable("".join(parts)).replace("\n", _LINE_BREAK))


def _labels(campaign: Campaign, prediction: Prediction | None, target: int) -> str:
    """The k best labels, the target with a star: as the goals of this package show them in TextAttack's logs."""
    top = () if prediction is None else prediction.top_k
    return csv_text(printable(", ".join(campaign.label_names[label] + "*" * (label == target) for label in top)))
