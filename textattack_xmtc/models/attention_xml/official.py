"""Official AttentionXML checkpoints (github.com/yourh/AttentionXML), flat and as label tree.

The folder of the published attack (github.com/xmc-aalto/adv-xmtc) holds the same weights: `AttentionXML`, with sizes
in `confg_axml.yaml` and words in `vocab.npy`. Label names lie with its data, as `labels.txt`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from textattack_xmtc.errors import ModelFolderError
from textattack_xmtc.models.attention_xml.flat import AttentionXML, AttentionXMLNetwork
from textattack_xmtc.models.attention_xml.official_tree import tree_network, tree_start
from textattack_xmtc.models.attention_xml.official_weights import own_weights, sizes_in
from textattack_xmtc.models.attention_xml.sentences import NLTKWords
from textattack_xmtc.models.attention_xml.tree import AttentionXMLTree
from textattack_xmtc.models.attention_xml.vocabulary import PUNKT, Vocabulary
from textattack_xmtc.models.importers.checkpoints import read_array, read_checkpoint
from textattack_xmtc.models.importers.names import read_label_names
from textattack_xmtc.models.importers.options import ImportOptions, read_settings, sizes_of
from textattack_xmtc.workdir.progress import say

VOCABULARY = "vocab.npy"
WITHOUT_PUNKT = "nltk"
MAX_LENGTH = 500  # what the authors read of a text
BEAM = 64  # theirs for most data sets
ADV_XMTC_WEIGHTS, ADV_XMTC_SETTINGS = "AttentionXML", "confg_axml.yaml"  # the second is spelt so


def read_attention_xml(source: Path, options: ImportOptions) -> AttentionXML | AttentionXMLTree:
    """The model in an official checkpoint, on the CPU.

    `source` is the file; for a tree, what the names of its files start with, or the file of one of its levels. Sizes
    follow from the shapes of the weights; configuration files must agree with them. Vocabulary and label names are
    looked for beside the checkpoint.

    Raises:
        ModelFolderError: a file is missing, damaged or not trusted, or shapes do not fit (the message names the key).
        InputError: the beam is below 1, or is given for a flat model.
    """
    start = tree_start(source)
    if start is None:
        options.refuse("a flat AttentionXML", "beam")
    if start is None and not source.is_file():
        raise ModelFolderError(
            f"{str(source)!r} is {'a folder' if source.is_dir() else 'not there, nor is ' + repr(f'{source}-Level-0')}",
            "give the checkpoint file, or for a tree what the names of its files start with, before -Level-0 "
            "(a folder of adv-xmtc's is imported as adv-xmtc)",
        )
    settings = read_settings(options.configurations)
    names = read_label_names(options.labels or settings.get("labels_binarizer"), source.parent, options.trust)
    vocabulary = _vocabulary(source.parent, settings, options)
    for name, entries, what in (("labels_num", names, "label names"), ("vocab_size", vocabulary, "words")):
        configured = sizes_of(settings, name).get(name, len(entries))
        if configured != len(entries):
            raise ModelFolderError(
                f"{name} is {configured} in the configuration, and there are {len(entries)} {what}",
                "give the files that belong to this checkpoint",
            )
    max_length = MAX_LENGTH if options.max_length is None else options.max_length
    if start is not None:
        network = tree_network(start, settings, len(vocabulary), len(names), options.trust)
        beam = sizes_of(settings, "top").get("top", BEAM) if options.beam is None else options.beam
        return AttentionXMLTree(network, vocabulary, names, max_length, beam, device="cpu")
    checkpoint = read_checkpoint(source, options.trust)
    sizes = sizes_in(checkpoint, settings)
    weights = own_weights(checkpoint, sizes, len(vocabulary), len(names))
    with torch.device("meta"):
        flat = AttentionXMLNetwork(len(vocabulary), len(names), sizes)
    flat.load_state_dict(weights, assign=True)
    return AttentionXML(flat, vocabulary, names, max_length, device="cpu")


def is_adv_xmtc(folder: Path) -> bool:
    """Whether a folder of adv-xmtc's holds an AttentionXML."""
    return (folder / ADV_XMTC_WEIGHTS).is_file() or (folder / ADV_XMTC_SETTINGS).is_file()


def read_adv_xmtc(folder: Path, options: ImportOptions) -> AttentionXML | AttentionXMLTree:
    """The model in a folder of adv-xmtc's, on the CPU; raises as `read_attention_xml`."""
    beside = (folder / ADV_XMTC_SETTINGS,) if (folder / ADV_XMTC_SETTINGS).is_file() else ()
    configurations = options.configurations or beside
    return read_attention_xml(folder / ADV_XMTC_WEIGHTS, replace(options, configurations=configurations))


def _vocabulary(beside: Path, settings: Mapping[str, Any], options: ImportOptions) -> Vocabulary:
    """The words, from the file that is given, or beside the word vectors that the configuration names."""
    vectors = settings.get("emb_init")
    near = [beside / VOCABULARY, *([vectors.parent / VOCABULARY] if vectors else [])]
    file = options.vocabulary or next((place for place in near if place.is_file()), None)
    if file is None:
        raise ModelFolderError(
            f"there is no {VOCABULARY} in {str(beside)!r}", "give the words that the model knows with --vocabulary"
        )
    words = read_array(file, options.trust)
    if words.ndim != 1 or not _are_characters(words) or not all(isinstance(word, str) for word in words):
        raise ModelFolderError(f"{str(file)!r} does not hold a list of words", f"give the model's {VOCABULARY}")
    sentences = NLTKWords.installed()
    if sentences is None:
        say(
            "NLTK's punkt_tab is not installed: sentences are found by rules, so a word before a period may differ; "
            "for NLTK's own words: python -m nltk.downloader punkt_tab, then import again"
        )
        return Vocabulary([str(word) for word in words], WITHOUT_PUNKT)
    return Vocabulary([str(word) for word in words], PUNKT, sentences)


def _are_characters(words: np.ndarray) -> bool:
    """Whether NumPy's strings hold characters only: damaged ones are not valid strings of Python."""
    if words.dtype.kind != "U" or not words.size:
        return True
    codes = np.ascontiguousarray(words.astype(words.dtype.newbyteorder("="))).view(np.uint32)
    return bool(codes.max() <= sys.maxunicode)
