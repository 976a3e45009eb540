"""List the most similar texts of different splits, for somebody to read.

    python tools/nearest_pairs.py            the closest pairs, as a Markdown table

Similarity is the cosine of TF-IDF vectors of words. Two texts may be alike because they
tell one event, which must not be in two splits, or because they are on one war. No number
tells these apart: each pair of the table has been read, and what was found stands beside
it in docs/splits.md. Wire texts have to be hydrated.
"""

import sys
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from counterclaim import corpus
from counterclaim.model import SPLITS, Document
from counterclaim.reports.text import table

SHOWN = 30


class Near(NamedTuple):
    """Two documents of different splits, and the cosine of their texts."""

    a: Document
    b: Document
    cosine: float


def nearest(documents: Sequence[Document], shown: int = SHOWN) -> list[Near]:
    """The closest pairs of texts of different splits, the closest first."""
    texts = [document.text or "" for document in documents]
    vectors = TfidfVectorizer(sublinear_tf=True, stop_words="english").fit_transform(texts)
    cosines = (vectors @ vectors.T).toarray()
    splits = np.array([document.split for document in documents])
    cosines[splits[:, None] == splits] = -1
    rows, columns = np.triu_indices(len(documents), k=1)
    order = np.argsort(-cosines[rows, columns], kind="stable")[:shown]
    return [
        Near(documents[i], documents[j], float(cosines[i, j]))
        for i, j in zip(rows[order], columns[order], strict=True)
    ]


def main() -> None:
    """Print the table."""
    documents = [d for split in SPLITS for d in corpus.read(split, corpus="all")]
    if missing := [document.doc_id for document in documents if document.text is None]:
        sys.exit(f"{len(missing)} documents have no text; run counterclaim hydrate first")
    rows = [
        [f"{near.cosine:.2f}", *(f"{d.doc_id} ({d.split}): {d.event}" for d in (near.a, near.b))]
        for near in nearest(documents)
    ]
    print(table(["cosine", "document", "document of another split"], rows))


if __name__ == "__main__":
    main()
