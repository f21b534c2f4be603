r"""A victim for TextAttack's command line: any file with a `model` in it.

    textattack attack --recipe "xmtc-positive^k=1" --model-from-file examples/victim_file.py \
        --dataset-from-file data.jsonl

where data.jsonl holds one {"text": "...", "labels": ["plotting"]} a line.
"""

from textattack_xmtc.wrappers import FunctionWrapper

KEYWORDS = {"plotting": ("axes", "figure", "color"), "statistics": ("mean", "variance", "sample")}


def scores(texts):
    return [[sum(text.lower().count(word) for word in words) for words in KEYWORDS.values()] for text in texts]


model = FunctionWrapper(scores, scores="score", label_names=list(KEYWORDS))
