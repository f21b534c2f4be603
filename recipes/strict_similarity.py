"""xmtc-positive that only tries texts which stay similar to the original.

The recipe itself measures similarity on the final text, as the paper does, and filters nothing. Here every candidate
must keep a cosine above 0.9 by the sentence encoder that is at hand (its name is printed; 0.9 of one encoder is not
0.9 of another). Fewer attacks succeed.

    textattack attack --attack-from-file recipes/strict_similarity.py --model xmtc-demo --num-examples 10
"""

from textattack_xmtc import XMTCPositive


def attack(model_wrapper):
    return XMTCPositive.build(model_wrapper, k=5, max_change_rate=0.1, min_similarity=0.9)
