"""The floor: what training has most often, whatever the text says.

A label is given to all sentences if more than half of the training sentences have it. Of
records there are none, as most stretches of text are none. Where mentions are given, every
denial answers the one accusation that training has most often, counted from the denial
backwards, all accusations are of one claim if most pairs in training are, and every place
has the country, the coordinates and the role that are most frequent, each by itself. What it
is not: a model. Any system has to be above it, and a score that it can reach says more about
the test set than about a system.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any

from msgspec.structs import replace

from counterclaim import Accusation, Denial, Document, Example, Location, Prediction, Span, Task


def fit(
    task: Task, train: Sequence[Example], dev: Sequence[Example]
) -> Callable[[Sequence[Document]], list[Prediction]]:
    """Count over all training documents; `dev` is not needed."""
    answer = _labels(task, train) if not task.layers else _layers(task, train)
    return lambda documents: [Prediction(d.doc_id, **answer(d)) for d in documents]


def _labels(task: Task, train: Sequence[Example]) -> Callable[[Document], dict[str, Any]]:
    sentences = [labels for example in train for labels in example.gold]
    counts = Counter(label for labels in sentences for label in labels)
    given = tuple(label for label in task.labels if 2 * counts[label] > len(sentences))
    return lambda document: {"sentence_labels": (given,) * len(document.sentences)}


def _layers(task: Task, train: Sequence[Example]) -> Callable[[Document], dict[str, Any]]:
    if task.mentions != "gold":
        return lambda _: dict.fromkeys(task.layers, ())
    return _place(train) if task.name == "places" else _link(train)


def _place(train: Sequence[Example]) -> Callable[[Document], dict[str, Any]]:
    """The most frequent place, country and role of training, each by itself."""
    places = [record for example in train for record in example.gold.locations]
    country = _most_common([place.country for place in places])
    lat, lon = _most_common([(p.lat, p.lon) for p in places if p.lat is not None]) or (None, None)
    role = _most_common([place.role for place in places])

    def answer(document: Document) -> dict[str, Any]:
        return {
            "locations": tuple(
                Location(p.id, p.mention, p.name, country, lat, lon, role, p.precision)
                for p in document.locations
            )
        }

    return answer


def _link(train: Sequence[Example]) -> Callable[[Document], dict[str, Any]]:
    """The most frequent distance from a denial back to its accusation; one claim, or many."""
    distances: list[int] = []
    same = []
    for example in train:
        accusations = example.gold.accusations
        place = {record.id: number for number, record in enumerate(accusations)}
        same += [a.claim == b.claim for a, b in combinations(accusations, 2)]
        for denial in example.gold.denials:
            before = _before(accusations, denial)
            distances += [before - place[key] for key in denial.answers]
    distance = _most_common(distances)
    one_claim = 2 * sum(same) > len(same)

    def answer(document: Document) -> dict[str, Any]:
        accusations, denials = document.accusations, document.denials
        linked = []
        for denial in denials:
            place = None if distance is None else _before(accusations, denial) - distance
            found = () if place is None else accusations[max(place, 0) :][:1]
            linked.append(replace(denial, answers=tuple(each.id for each in found)))
        claims = [replace(a, claim="c1" if one_claim else a.id) for a in accusations]
        return {"accusations": tuple(claims), "denials": tuple(linked)}

    return answer


def _before(accusations: Sequence[Accusation], denial: Denial) -> int:
    """How many accusations begin before a denial."""
    anchor = denial.content or denial.cue or Span(0, 0)
    return sum(accusation.content.start < anchor.start for accusation in accusations)


def _most_common(values: Sequence[Any]) -> Any:
    return Counter(values).most_common(1)[0][0] if values else None
