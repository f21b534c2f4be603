"""The records of models as tables: TextAttack's CSV, and Parquet for pandas and the like."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

from textattack_xmtc.results.campaign import Campaign, models_of
from textattack_xmtc.results.examples import marked
from textattack_xmtc.results.lines import batches
from textattack_xmtc.results.markup import csv_text, printable
from textattack_xmtc.results.records import ERROR, SIMILARITIES, SKIPPED, Model, Prediction
from textattack_xmtc.results.summary import COUNTS, UNMEASURED
from textattack_xmtc.results.tables.table import Marked, Names, Table

if TYPE_CHECKING:
    import pyarrow  # type: ignore[import-untyped]

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


def write_parquet(campaigns: Sequence[Campaign], file: BinaryIO) -> None:
    """Write the records of all models of some campaigns.

    A row has the sample (text, true labels, target and its label frequency, bin), what came of it, every count of
    `summary.COUNTS` as true, false or null (not measured, or not attacked), and both predictions.

    Example:
        ::

            frame = pandas.read_parquet("runs/fragile/report/exports/records.parquet")
            frame[frame.success].groupby("bin").similarity_cosine.mean()
    """
    import pyarrow
    from pyarrow.parquet import ParquetWriter  # type: ignore[import-untyped]

    schema = _schema(pyarrow)
    rows = (row for campaign, model in models_of(campaigns) for row in _rows(campaign, model))
    with ParquetWriter(file, schema) as writer:
        for batch in batches(rows):
            writer.write_table(pyarrow.Table.from_pylist(batch, schema=schema))


def write_table_parquet(table: Table, file: BinaryIO) -> None:
    """Write a table with all its rows: the columns of its CSV file, shares as shares, names and texts as they are."""
    import pyarrow
    from pyarrow.parquet import write_table

    columns: dict[str, list[Any]] = {}
    for place, column in enumerate(table.columns):
        cells = [row[place] for row in table.rows]
        if column.interval:
            for end in ("value", "low", "high"):
                key = column.key if end == "value" else f"{column.key}_{end}"
                columns[key] = [getattr(cell, end, None) for cell in cells]
        else:
            columns[column.key] = [_utf8(", ".join(cell.names)) if isinstance(cell, Names) else cell for cell in cells]
    write_table(pyarrow.table(columns), file)


def _schema(pa: Any) -> pyarrow.Schema:
    text, whole, real, yes_no = pa.string(), pa.int64(), pa.float64(), pa.bool_()
    labels = pa.list_(text)
    fields = {"campaign": text, "model": text, "sample": whole, "text_id": text, "text": text, "true_labels": labels}
    fields |= {"target": text, "frequency": whole, "bin": whole, "goal": text, "outcome": text, "reason": text}
    fields |= {count.key: yes_no for count in COUNTS}
    fields |= {"words": whole, "changed": whole, "change_rate": real, "adversarial": text}
    fields |= {f"similarity_{kind}": real for kind in SIMILARITIES}
    fields |= {"queries": whole, "seconds": real}
    for side in ("before", "after"):
        fields |= {f"rank_{side}": whole, f"score_{side}": real, f"top_k_{side}": labels}
    return pa.schema(list(fields.items()))


def _rows(campaign: Campaign, model: Model) -> Iterator[dict[str, Any]]:
    numbers, limits = model.rows.index, campaign.limits
    for record, sample in zip(model.records.of(numbers), campaign.samples.of(numbers), strict=True):
        row: dict[str, Any] = {"campaign": campaign.name, "model": model.name, "sample": record.sample}
        row |= {"text_id": _utf8(sample.text_id), "text": _utf8(sample.text), "goal": campaign.goal}
        row |= {"true_labels": _names(campaign, sample.labels), "target": _names(campaign, [sample.target])[0]}
        row |= {"frequency": int(campaign.label_counts[sample.target]), "bin": sample.bin}
        row |= {"outcome": record.outcome, "reason": _utf8(record.reason), "words": record.words}
        passed = {count.key: count.of(record, limits) if record.attacked else UNMEASURED for count in COUNTS}
        row |= {key: None if value == UNMEASURED else bool(value) for key, value in passed.items()}
        row |= {"changed": record.changed, "change_rate": record.change_rate, "adversarial": _utf8(record.adversarial)}
        row |= {f"similarity_{kind}": (record.similarity or {}).get(kind) for kind in SIMILARITIES}
        row |= {"queries": record.queries, "seconds": record.seconds}
        row |= _prediction(campaign, "before", record.before) | _prediction(campaign, "after", record.after)
        yield row


def _prediction(campaign: Campaign, side: str, prediction: Prediction | None) -> dict[str, Any]:
    if prediction is None:
        return {}
    names = _names(campaign, prediction.top_k)
    return {f"rank_{side}": prediction.rank, f"score_{side}": prediction.score, f"top_k_{side}": names}


def _names(campaign: Campaign, labels: Iterable[int]) -> list[str | None]:
    return [_utf8(campaign.label_names[label]) for label in labels]


def _utf8(text: str | None) -> str | None:
    return None if text is None else text.encode("utf-8", "replace").decode("utf-8")
