"""How the time of an AttentionXML with a label tree grows with the number of labels: random weights, real sizes.

    python -m benchmarks.label_count_tree --labels 1000 10000 100000 1000000 --hidden 64

Times are medians over repeated calls; "attack" is what one attack on a text asks: the score of one label for every text
with one word masked, then for 48 candidates at each of 10 words, and the 5 best labels of 11 texts. The slope is
that of a straight line through the logarithms of labels and times.
"""

import argparse
import gc
import time
from pathlib import Path

import numpy as np
import torch

from textattack_xmtc.models.attention_xml import AttentionXMLConfig
from textattack_xmtc.models.attention_xml_tree import AttentionXMLTree, AttentionXMLTreeNetwork
from textattack_xmtc.models.label_tree import LabelTree, depths_of_levels
from textattack_xmtc.models.vocabulary import Vocabulary

MAX_LEAF = 8
CANDIDATES, STEPS = 48, 10
COLUMNS = ("score, 1 text", "score, 32 texts", "top 5, 1 text", "attack")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=int, nargs="+", default=[1_000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--hidden", type=int, default=64, help="width of the LSTM in each direction (the paper: 256)")
    parser.add_argument("--words", type=int, default=200, help="words of a text")
    parser.add_argument("--beam", type=int, default=64)
    parser.add_argument("--first-groups", type=int, default=2048)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--threads", type=int, help="of torch; its default otherwise")
    parser.add_argument("--cpu-time", action="store_true", help="of all threads, where the machine has other work")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)

    clock = time.process_time if options.cpu_time else time.perf_counter
    print(f"| labels | levels | {' | '.join(f'{column}, ms' for column in COLUMNS)} | memory of a call, MB |")
    print("|---" * (3 + len(COLUMNS)) + "|")
    rows = []
    for labels in options.labels:
        model = random_model(labels, options.hidden, options.beam, options.first_groups)
        memory = memory_of_a_call(model, options.words)
        rows.append(times(model, labels, options.words, options.repeats, clock))
        shown = " | ".join(f"{1000 * seconds:.1f}" for seconds in rows[-1])
        sizes = "/".join(map(str, model.network.tree.sizes))
        print(f"| {labels:,} | {sizes} | {shown} | {memory:.0f} |", flush=True)
        del model
        gc.collect()
    if len(rows) < 2:
        return
    slopes = np.polyfit(np.log(options.labels), np.log(rows), 1)[0]
    print(f"| log-log slope | | {' | '.join(f'{slope:.3f}' for slope in slopes)} | |")


def random_model(labels, hidden, beam, first_groups):
    deepest = int(np.ceil(np.log2(labels / MAX_LEAF)))
    depths = depths_of_levels(deepest, first_groups)
    tree = LabelTree.from_clusters([np.arange(labels) * 2**depth // labels for depth in depths])
    config = AttentionXMLConfig(embedding_size=300, hidden_size=hidden, linear_sizes=(hidden,))
    vocabulary = Vocabulary(["<PAD>", "<UNK>", *(f"w{number}" for number in range(20_000))])
    torch.manual_seed(0)
    network = AttentionXMLTreeNetwork(len(vocabulary), tree, config)
    return AttentionXMLTree(network, vocabulary, [str(label) for label in range(labels)], beam=beam, device="cpu")


def texts_of(words, number):
    random = np.random.default_rng(0)
    return [" ".join(f"w{word}" for word in random.integers(0, 20_000, words)) for _ in range(number)]


def times(model, labels, words, repeats, clock):
    texts, wanted = texts_of(words, 32), [labels // 3]
    one = median(lambda: model.score(texts[:1], wanted), repeats, clock)
    batch = median(lambda: model.score(texts, wanted), max(3, repeats // 3), clock)
    best = median(lambda: model.top_k(texts[:1], 5), repeats, clock)
    return one, batch, best, (words + STEPS * CANDIDATES) / 32 * batch + (STEPS + 1) * best


def median(call, repeats, clock):
    call()
    seconds = []
    for _ in range(repeats):
        start = clock()
        call()
        seconds.append(clock() - start)
    return float(np.median(seconds))


def memory_of_a_call(model, words):
    """How far the first `score` of 32 texts and `top_k` of one raise the peak of this process, in MB (Linux)."""
    texts = texts_of(words, 32)
    model.score(["w1"], [0])  # what the libraries set up once
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # forget the earlier peak
    before = status("VmRSS")
    model.score(texts, [0])
    model.top_k(texts[:1], 5)
    return (status("VmHWM") - before) / 1024


def status(key):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key))


if __name__ == "__main__":
    main()
