"""Documents drawn at random, for tests that write a format and read it back."""

from __future__ import annotations

from hypothesis import strategies as st

from textattack_xmtc.datasets.corpus import Document

# Everything that UTF-8 can carry; surrogates are halves of characters, not characters.
any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
one_line = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r"), max_size=40)
one_word = st.text(st.characters(exclude_categories=["Cs", "Z", "Cc"]), min_size=1, max_size=8)


def documents(
    text: st.SearchStrategy[str] = any_text, label: st.SearchStrategy[str] = one_word, max_labels: int = 5
) -> st.SearchStrategy[list[Document]]:
    """Lists of documents with line numbers as ids, and at least one document."""
    rows = st.lists(st.tuples(text, st.lists(label, max_size=max_labels)), min_size=1, max_size=6)
    return rows.map(
        lambda drawn: [Document(str(line), text, labels) for line, (text, labels) in enumerate(drawn, start=1)]
    )
