"""The models of the published attack (github.com/xmc-aalto/adv-xmtc): an official AttentionXML or APLC-XLNet, repacked.

Its AttentionXML folder holds `AttentionXML` (the weights), `confg_axml.yaml` (its sizes) and `vocab.npy`; its
APLC-XLNet folder is the official one. Label names lie with its data, as `labels.txt`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from textattack_xmtc.errors import ModelFolderError
from textattack_xmtc.models.aplc_xlnet.official import CONFIG, read_aplc_xlnet
from textattack_xmtc.models.attention_xml.official import read_attention_xml
from textattack_xmtc.models.importers.options import ImportOptions
from textattack_xmtc.models.torch_scorer import TorchScorer

WEIGHTS, SETTINGS = "AttentionXML", "confg_axml.yaml"  # the second is spelt so


def read_adv_xmtc(folder: Path, options: ImportOptions) -> TorchScorer:
    """The model in a folder, on the CPU.

    Raises:
        ModelFolderError: it is no such folder, or as `read_attention_xml` and `read_aplc_xlnet` say.
        InputError: an option is given that the model has no use for.
        MissingExtraError: as `read_aplc_xlnet` says.
    """
    if not folder.is_dir():
        raise ModelFolderError(f"there is no folder {str(folder)!r}", "check the path")
    if (folder / WEIGHTS).is_file() or (folder / SETTINGS).is_file():
        own = (folder / SETTINGS,) if (folder / SETTINGS).is_file() else ()
        return read_attention_xml(folder / WEIGHTS, replace(options, configurations=options.configurations or own))
    if (folder / CONFIG).is_file():
        return read_aplc_xlnet(folder, options)
    raise ModelFolderError(
        f"{str(folder)!r} holds neither {WEIGHTS!r} with {SETTINGS!r} nor an APLC-XLNet's {CONFIG!r}",
        "give the folder of one model, such as models/Wiki10/aplc/None",
    )
