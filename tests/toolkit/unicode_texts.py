"""Texts of all scripts, with what is hard about finding their words."""
# ruff: noqa: RUF001 - look-alikes of ASCII letters are what these texts are made of

from hypothesis import strategies as st

PARTS = [
    *("the", "The", "theme", "a", "market", "don't", "to-be", "a_b", "x@y", "MASK", "mask", "UNK", "I", "SPLIT"),
    *("[MASK]", "<mask>", "<UNK>", "'", "''", "-", "_", "*", "@", "'s", "“", "”", "...", "(", "]", "<", ">", "=", "#"),
    *("é", "e\u0301", "naïve", "Straße", "İ", "ı", "ﬁ", "ǆ", "ſ", "٣", "½", "²", "Ω", "жук", "ไทย", "हिन्दी", "עברית"),
    *("\U0001f600", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f1e9\U0001f1ea", "\u20ac", "\u0301", "\u200d"),
    *("\x00", "\x07", "\x1b[0m", "\x1c", "\x85", "\u200b", "\ufeff", "\u00ad", "\u202e", "\ufffd", "\U0010ffff"),
    *(" ", "  ", "\u00a0", "\u2009", "\u3000", "\t", "\n", "\r\n", "\u2028"),
    *("l", "O", "`", "×", "˗", "ɑ", "𝟕", "Ꮞ"),  # look-alikes that TextAttack counts as letters
]
CHINESE = ["中文", "分词", "南京市长江大桥", "的", "，", "かな", "한국어"]


def _texts(parts: list[str]) -> st.SearchStrategy[str]:
    piece = st.sampled_from(parts) | st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
    glue = st.sampled_from(["", " ", " "])
    return st.lists(st.tuples(piece, glue), max_size=14).map(lambda pairs: "".join(map("".join, pairs)))


TEXTS = _texts(PARTS) | _texts(PARTS + CHINESE)
"""Any text without halves of surrogate pairs, which no tokenizer takes; one in two may be Chinese."""

WORDS = st.sampled_from(["market", "Markets", "e", "a-b", "o'clock", "naïve", "жук", "x1", "42", "the", "٣"])
"""What a masked language model may propose: single words, as TextAttack splits words."""
