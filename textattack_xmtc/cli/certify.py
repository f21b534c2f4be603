"""`textattack-xmtc certify`: how many words may be exchanged, at will, before a label can be lost."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from textattack_xmtc.certificates.options import CertifyOptions
from textattack_xmtc.cli.model_option import add_model, model_of
from textattack_xmtc.datasets.read_options import BY_CONTENT, ReadOptions
from textattack_xmtc.errors import InputError
from textattack_xmtc.options import add_config, add_options, given, option, options_of, require


@dataclass(frozen=True)
class _Options:
    """What the command takes beside the model and what is certified."""

    data: str = option("", "a folder or file in any known format, hf:NAME, or api-docs", metavar="PATH")
    out: Path | None = option(None, "the folder to make", flags=("--out", "--output-dir"), metavar="FOLDER")
    device: str | None = option(None, "cpu, cuda, ...; by default the GPU where there is one")
    reading: ReadOptions = BY_CONTENT


_ALL = [*options_of(_Options), *options_of(CertifyOptions)]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    add_model(parser, "a model, as `campaign` takes it")
    parser.add_argument("--resume", action="store_true", help="go on with an interrupted certification")
    add_config(parser)
    add_options(parser, _ALL)


def run(arguments: argparse.Namespace) -> int:
    """Certify and print; the table lies in the folder as well, as CSV and Markdown."""
    from textattack_xmtc.campaign.victims import load_victim
    from textattack_xmtc.certificates.run import certify
    from textattack_xmtc.certificates.table import certificate_table
    from textattack_xmtc.datasets.load import load_corpus
    from textattack_xmtc.results.tables.formats import as_csv, as_markdown, as_text
    from textattack_xmtc.workdir.files import whole_file, writing
    from textattack_xmtc.workdir.progress import say
    from textattack_xmtc.wrappers.naming import fingerprint_of

    values = given(arguments, _ALL)
    require(values, _ALL, "data", "out")
    if "seed" in values and "texts" not in values:
        raise InputError("--seed would change nothing: all texts are certified", "give --texts N, or leave it out")
    corpus = load_corpus(values["data"], **ReadOptions.of(values).given())
    say(corpus.recognised)
    names = {one.name for one in options_of(CertifyOptions)}
    options = CertifyOptions(**{name: value for name, value in values.items() if name in names})
    source, out = model_of(arguments), values["out"]
    victim = load_victim("model", source, corpus.label_names, values.get("device"))
    certificates = certify(victim, fingerprint_of(source), corpus, options, out, arguments.resume)
    table = certificate_table(certificates, corpus.label_counts, options.k, options.segments, options.votes)
    for name, text in (("certificates.csv", as_csv(table)), ("certificates.md", as_markdown(table))):
        with writing(out / name), whole_file(out / name) as file:
            file.write(text.encode("utf-8", "backslashreplace"))
    print(as_text(table))
    return 0
