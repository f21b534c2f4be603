"""English function words: what the attack leaves alone and what the embedded encoder weighs down.

This list is the package's own. The same words lie as a file where NLTK looks for its stop words below
`textattack_xmtc/resources/nltk_data`, for machines that have no NLTK data; `nltk_resource` gives that file's text.
"""

from __future__ import annotations

_DETERMINERS = """
a an the this that these those each every either neither both all any some few more most no such same own another other
"""
_PRONOUNS = """
i me my myself we us our ours ourselves you your yours yourself yourselves
he him his himself she her hers herself it its itself they them their theirs themselves
who whom whose which what someone something anyone anything everyone everything nobody nothing none
"""
_PREPOSITIONS = """
about above across after against along among around as at before behind below between beyond by
despite down during except for from in into of off on onto out over per since through
throughout to toward towards under until up upon via with within without
"""
_CONJUNCTIONS = "and but or nor so yet if unless while whereas although though because than whether"
_AUXILIARIES = """
am is are was were be been being have has had having do does did doing
can could may might must shall should will would cannot
"""
_ADVERBS = """
not there here when where why how then thus too very also just only again once ever never
"""
_CONTRACTIONS = """
don't doesn't didn't isn't aren't wasn't weren't haven't hasn't hadn't won't wouldn't can't couldn't shouldn't mustn't
i'm i've i'll you're you've you'll he's she's it's we're we've we'll they're they've they'll
"""
# TextAttack splits a contraction at a typographic apostrophe; these are the parts that are no word of their own.
_PARTS = "s t d m ll re ve don doesn didn isn aren wasn weren haven hasn hadn wouldn couldn shouldn mustn"

ENGLISH: frozenset[str] = frozenset(
    " ".join(
        [_DETERMINERS, _PRONOUNS, _PREPOSITIONS, _CONJUNCTIONS, _AUXILIARIES, _ADVERBS, _CONTRACTIONS, _PARTS]
    ).split()
)
"""Lower-case English function words: articles, pronouns, prepositions, conjunctions, auxiliaries, contractions.

Example:
    >>> "the" in ENGLISH, "theory" in ENGLISH
    (True, False)
"""


def nltk_resource() -> str:
    """The text of NLTK's resource `corpora/stopwords/english` for this list: one word a line, sorted.

    Example:
        >>> nltk_resource().splitlines()[:3]
        ['a', 'about', 'above']
    """
    return "".join(f"{word}\n" for word in sorted(ENGLISH))
