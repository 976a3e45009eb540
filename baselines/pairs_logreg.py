"""Logistic regression over pairs of records: which denial answers what, what is one claim.

A pair of a denial and an accusation is described by who stands on either side (whether the
one who denies is the accused, its source, or shares words with either), by how many
accusations, sentences and characters lie between them and which comes first, by the words
that their contents share, by cue and scope; a pair of accusations alike. A denial answers
the accusation that is likeliest for it, if this is above a quarter of a threshold that dev
chooses, and others above the threshold; accusations of one claim are joined where the
likelihood is above another. What it is not: it finds no mentions. It is given them, or takes
those of another system's predictions.

Source of the form: mention-pair models of coreference, Soon et al. (2001),
https://aclanthology.org/J01-4004.

Options: `mentions`, a predictions file with accusations and denials of the documents that
are to be predicted, where none are given.
"""

from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from counterclaim import (
    Accusation,
    Denial,
    Document,
    Example,
    ModelError,
    Prediction,
    Span,
    Task,
)

TASKS = ("links/gold",)  # without other files
# Of a record of a system whose task does not ask for it.
UNSAID: dict[str, dict[str, Any]] = {
    "accusations": {
        **dict.fromkeys(("cue", "source", "target", "source_actor", "target_actor")),
        "act": "other",
        "claim": "",
    },
    "denials": {
        **dict.fromkeys(("cue", "content", "source", "source_actor")),
        "answers": (),
        "scope": "act",
    },
}
Features = dict[str, Any]
Records = tuple[Sequence[Accusation], Sequence[Denial]]


def fit(
    task: Task, train: Sequence[Example], dev: Sequence[Example], *, mentions: str = ""
) -> Callable[[Sequence[Document]], list[Prediction]]:
    """Train a classifier for links and one for claims, then choose their thresholds on `dev`."""
    if task.mentions != "gold" and not mentions:
        raise ModelError("links without given mentions need the option mentions=PREDICTIONS")
    given = _read(mentions) if mentions else {}
    links, claims = _Pairs(_link_pairs, train, dev), _Pairs(_claim_pairs, train, dev)

    def predict(documents: Sequence[Document]) -> list[Prediction]:
        if missing := [d.doc_id for d in documents if given and d.doc_id not in given]:
            raise ModelError(f"{mentions}: no prediction for {missing[0]}; expected all documents")
        return [_predict(document, given, links, claims) for document in documents]

    return predict


def _read(path: str) -> dict[str, Prediction]:
    found = {}
    for line in Path(path).read_bytes().splitlines():
        given = msgspec.json.decode(line)
        for layer, unsaid in UNSAID.items():
            given[layer] = [
                {"id": f"{layer[0]}{number}", **unsaid, **record}
                for number, record in enumerate(given.get(layer, ()), start=1)
            ]
        found[given["doc_id"]] = msgspec.convert(given, Prediction)
    return found


def _predict(
    document: Document, given: dict[str, Prediction], links: "_Pairs", claims: "_Pairs"
) -> Prediction:
    source: Any = given.get(document.doc_id, document)
    accusations, denials = source.accusations or (), source.denials or ()
    answered: dict[str, set[str]] = {denial.id: set() for denial in denials}
    for denial in denials:
        scored = [
            (score, accusation.id)
            for (accusation, other), score in links.scored(document, (accusations, denials))
            if other is denial
        ]
        if scored and max(scored)[0] >= links.floor:
            answered[denial.id] = {key for score, key in scored if score >= links.threshold}
            answered[denial.id].add(max(scored)[1])
    claim = {accusation.id: accusation.id for accusation in accusations}
    for (a, b), score in claims.scored(document, (accusations, denials)):
        if score >= claims.threshold:
            joined = {claim[a.id], claim[b.id]}
            claim = {key: min(joined) if value in joined else value for key, value in claim.items()}
    return Prediction(
        document.doc_id,
        accusations=tuple(msgspec.structs.replace(a, claim=claim[a.id]) for a in accusations),
        denials=tuple(
            msgspec.structs.replace(d, answers=tuple(sorted(answered[d.id]))) for d in denials
        ),
    )


class _Pairs:
    """A classifier of pairs of records, and the thresholds that suit it on dev."""

    def __init__(
        self,
        pairs: Callable[[Document, Records], list[tuple[Any, Any]]],
        train: Sequence[Example],
        dev: Sequence[Example],
    ):
        self._pairs = pairs
        x, y = self._labelled(train)
        self._model = make_pipeline(
            DictVectorizer(), LogisticRegression(C=0.3, class_weight="balanced", max_iter=2000)
        )
        self._can = len(set(y)) == 2
        if self._can:
            self._model.fit(x, y)
        self.threshold, self.floor = 0.5, 0.0
        x_dev, y_dev = self._labelled(dev)
        if self._can and any(y_dev):
            scores = self._probabilities(x_dev)
            grid = np.linspace(0.05, 0.95, 19)
            self.threshold = float(max(grid, key=lambda t: _f1(y_dev, scores >= t)))
            # A denial may answer nothing that the text holds.
            self.floor = self.threshold / 4

    def _labelled(self, examples: Sequence[Example]) -> tuple[list[Features], list[bool]]:
        x, y = [], []
        for example in examples:
            records = (example.gold.accusations, example.gold.denials)
            for a, b in self._pairs(example.document, records):
                x.append(_features(example.document, a, b, records[0]))
                y.append(a.id in b.answers if isinstance(b, Denial) else a.claim == b.claim)
        return x, y

    def _probabilities(self, x: list[Features]) -> NDArray[np.float64]:
        return np.asarray(self._model.predict_proba(x)[:, 1])

    def scored(self, document: Document, records: Records) -> list[tuple[tuple[Any, Any], float]]:
        """Each pair with its likelihood."""
        pairs = self._pairs(document, records)
        if not pairs or not self._can:
            return [(pair, 0.0) for pair in pairs]
        scores = self._probabilities([_features(document, *pair, records[0]) for pair in pairs])
        return list(zip(pairs, scores.tolist(), strict=True))


def _link_pairs(document: Document, records: Records) -> list[tuple[Any, Any]]:
    return [(accusation, denial) for denial in records[1] for accusation in records[0]]


def _claim_pairs(document: Document, records: Records) -> list[tuple[Any, Any]]:
    return list(combinations(records[0], 2))


def _features(
    document: Document, a: Accusation, b: Any, accusations: Sequence[Accusation]
) -> Features:
    """What is known of a pair: an accusation with a denial, or with another accusation."""
    first, second = a.content.start, _anchor(b).start
    low, high = min(first, second), max(first, second)
    between = sum(low < other.content.start < high for other in accusations)
    sentences = _sentence(document, second) - _sentence(document, first)
    found: Features = {
        "sentences between": f"{max(-3, min(sentences, 8))}",
        "accusations between": f"{'before' if first <= second else 'after'} {min(between, 4)}",
        "nearest before": first <= second and between == 0,
        "characters": np.log1p(high - low) / 5,
        "shared words": _shared(document.words(a.content), document.words(_anchor(b))),
        "number of accusations": min(len(accusations), 6) / 6,
        f"act {a.act}": True,
    }
    if isinstance(b, Denial):
        found |= {
            "accused denies": _same(a.target_actor, b.source_actor),
            "accuser denies": _same(a.source_actor, b.source_actor),
            "accused shares words": _shared(a.target_actor, b.source_actor),
            f"scope {b.scope}": True,
            "cue": (document.words(b.cue) or "none").lower(),
        }
    else:
        found |= {
            "same source": _same(a.source_actor, b.source_actor),
            "same target": _same(a.target_actor, b.target_actor),
            "same sides": _same(a.source_actor, b.source_actor)
            and _same(a.target_actor, b.target_actor),
            "same act": a.act == b.act,
            "same content": a.content == b.content,
            "sources share words": _shared(a.source_actor, b.source_actor),
        }
    return found


def _anchor(record: Any) -> Span:
    return record.content or record.cue or Span(0, 1)


def _sentence(document: Document, place: int) -> int:
    return sum(sentence.start <= place for sentence in document.sentences)


def _same(a: str | None, b: str | None) -> bool:
    return a is not None and a == b


def _shared(a: str | None, b: str | None) -> float:
    """The share of longer words that two phrases have in common."""
    sides = [{w for w in (text or "").lower().split() if len(w) > 3} for text in (a, b)]
    return len(sides[0] & sides[1]) / max(len(sides[0] | sides[1]), 1)


def _f1(gold: Sequence[bool], predicted: NDArray[np.bool_]) -> float:
    right = sum(g and bool(p) for g, p in zip(gold, predicted, strict=True))
    return 2 * right / max(sum(gold) + int(predicted.sum()), 1)
