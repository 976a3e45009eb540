"""A cue lexicon with rules of scope, a number grammar and a list of place names: all six tasks.

A sentence is read clause by clause. A cue has a scope: what follows it up to the end of
its clause. Inside the scope a rule looks for what the record needs: a harmful act with a
party as its doer for an accusation told by a plain verb of saying, a negation of such an
act for a denial, a quantity of people beside an outcome for a casualty. Quantities are
digits, number words, dozens, ranges, bounds and zero. Places are names seen in training,
countries, and capitalised names after a preposition, unless they speak or act as a party;
they lie where training has them. A denial answers the nearest accusation before it whose
target is its source, or else the nearest.

What it is not: it has no syntax, knows no actors but states, and looks back over the end
of a sentence for a pronoun only. It shows how far words go.

Lexicon and rules were written from the annotation guidelines and the training texts.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from msgspec.structs import replace

from counterclaim import (
    Accusation,
    Casualty,
    Denial,
    Document,
    Example,
    Location,
    Prediction,
    Span,
    Task,
)


def words(text: str) -> frozenset[str]:
    """A lexicon entry for each word of a string."""
    return frozenset(text.split())


# Verbs and nouns that carry an accusation by themselves.
BLAME = words(
    "accuse accuses accused accusing accusation blame blames blamed blaming allege alleges "
    "alleged alleging allegedly denounce denounces denounced denouncing condemn condemns "
    "condemned condemning implicate implicates implicated indict indicts indicted suspect "
    "suspects suspected suspicion charged charges decried deplored attributed attributes"
)
# Verbs that only report: an accusation needs an act and a doer in their scope.
SAYING = words(
    "say says said saying tell tells told report reports reported state states stated announce "
    "announces announced claim claims claimed claiming declare declares declared add adds added "
    "according reveal reveals revealed note notes noted insist insists insisted maintain "
    "maintains maintained testify testified describe describes described explain explained "
    "write writes wrote believe believes believed conclude concluded concludes confirm "
    "confirmed confirms charge acknowledged acknowledges argued argues affirmed asserted "
    "asserts recalled warned complained complains replied answered"
)
DENY = words(
    "deny denies denied denying denial denials refute refutes refuted refuting disavow "
    "disavowed repudiate repudiated baseless unfounded groundless fabrication fabricated "
    "disinformation untrue"
)
# A denial only if what is rejected is a charge.
REJECT = words("reject rejects rejected rejecting dismiss dismisses dismissed dismissing")
CHARGE = words(
    "accusation accusations allegation allegations charge charges claim claims assertion "
    "assertions report reports suggestion suggestions blame responsibility involvement figure "
    "number"
)
HARMLESS = words(
    "access entry permission visa visas bail proposal proposals offer offers demand demands "
    "call calls plan truce deal dialogue talks resolution bid request appeal"
)
# What each act is told by; the first that is found is taken.
ACTS = {
    "prohibited_weapons": words("gas gassed chemical cluster poison phosphorus"),
    "abuse_torture": words("torture tortured beat beaten beating rape raped"),
    "detention_abduction": words(
        "abduct abducted kidnap kidnapped kidnapping seize seized detain detained arrested capture "
        "captured"
    ),
    "killing": words(
        "murder murdered massacre massacred execute executed assassinate assassinated"
    ),
    "espionage_sabotage": words("hack hacked sabotage sabotaged spy spying jammed jamming"),
    "support_for_armed_group": words("arm armed arming supplied"),
    "obstruction": words("blocked block obstructed obstruct"),
    "incursion_occupation": words("invade invaded crossed cross occupy occupied"),
    "ceasefire_violation": words("violate violated violating violation violations breach breached"),
    "harm_to_civilians": words(
        "attack attacks attacked attacking shell shelled shelling shot shoot shooting fire fired "
        "firing bomb bombed bombing bombard bombarded bombardment strike strikes struck hit raid "
        "raided raids ambush ambushed kill kills killed killing burn burned burnt looted loot "
        "broke mined planted laid expel expelled displaced destroy destroyed target targeted "
        "targeting dropped launched opened rammed dynamited downed carried committed used stormed "
        "set sent cut razed bulldozed levelled robbed stole stolen took taken marched threw thrown "
        "poisoned dragged forced ran drove demolished wounded injured"
    ),
}
ACT = frozenset().union(*ACTS.values())
DENIABLE = ACT | words("responsible responsibility role part")
PARTY = words(
    "army armies forces troops soldiers soldier military regime government rebels rebel "
    "guerrillas guerrilla militants militant militia militias fighters police guards coalition "
    "jets warplanes planes aircraft drones helicopters helicopter group gang terrorists "
    "insurgents separatists navy airforce intelligence agents side opposition hezbollah hamas "
    "isis isil daesh taliban houthis houthi fmln farc eln jnim rsf m23 kremlin boat boats vessel "
    "vessels patrol patrols craft gunmen authorities settlers raiders fighter warden wardens"
)
ORGANS = words(
    "ministry minister army police government governor mayor navy military spokesman spokeswoman "
    "troops soldiers forces authorities court prosecutor prosecutors commissioner command "
    "commander parliament president embassy consulate directorate council municipality "
    "officials official"
)
PRONOUNS = words("he she it they we i him her them us")
OWN = words("our we us its")
NEGATION = words(
    "no not never nobody none neither nor without didn't wasn't weren't hadn't nothing"
)
# Outcomes by the words that state them; military and civilian nouns for people.
OUTCOMES = {
    "killed": words(
        "killed killing kills kill dead died die dies death deaths lives toll murdered executed "
        "massacred assassinated slain martyred perished body bodies fatalities buried beheaded"
    ),
    "wounded": words("wounded wounding injured injuring injuries injury hurt hospitalised treated"),
    "missing": words("missing"),
    "captured": words(
        "captured abducted kidnapped detained arrested hostage hostages prisoners prisoner seized"
    ),
    "displaced": words("displaced fled flee evacuated"),
    "unspecified": words("casualty casualties shot victims"),
}
OUTCOME_OF = {word: outcome for outcome, found in OUTCOMES.items() for word in found}
MILITARY = words(
    "soldier soldiers troops fighter fighters militant militants rebel rebels guerrilla "
    "guerrillas insurgent insurgents servicemen serviceman conscript conscripts police policeman "
    "policemen officer officers commander commanders recruits guard guards marines sailors "
    "corporal sergeant captain lieutenant colonel gunmen personnel warders terrorists"
)
CIVILIAN = words(
    "civilian civilians woman women child children boy boys girl girls worker workers resident "
    "residents villager villagers peasant peasants passenger passengers patient patients student "
    "students teacher teachers journalist journalists farmer farmers nurse nurses doctor doctors "
    "family families refugees driver drivers trader traders priest priests employee employees "
    "bystander bystanders pupils herders fishermen miners crew tourists pensioners"
)
PEOPLE = MILITARY | CIVILIAN | words(
    "people person persons man men prisoners prisoner hostage hostages attackers attacker victims "
    "bodies body others citizen citizens operative operatives subversives casualties dead "
    "wounded injured members member inmates"
)  # fmt: skip

COUNTRIES = """
Afghanistan Albania Algeria Angola Argentina Armenia Australia Austria Azerbaijan Bahrain
Bangladesh Belarus Belgium Bolivia Bosnia Brazil Bulgaria Burundi Cambodia Cameroon Canada Chad
Chile China Colombia Congo Croatia Cuba Cyprus Denmark Ecuador Egypt Eritrea Estonia Ethiopia
Finland France Georgia Germany Greece Guatemala Guinea Guyana Haiti Honduras Hungary India
Indonesia Iran Iraq Ireland Israel Italy Japan Jordan Kazakhstan Kenya Kosovo Kuwait Kyrgyzstan
Laos Latvia Lebanon Liberia Libya Lithuania Malaysia Mali Mauritania Mexico Moldova Mongolia
Morocco Mozambique Myanmar Nepal Nicaragua Niger Nigeria Norway Oman Pakistan Palestine Panama
Peru Philippines Poland Portugal Qatar Romania Russia Rwanda Senegal Serbia Somalia Spain Sudan
Sweden Switzerland Syria Taiwan Tajikistan Tanzania Thailand Tunisia Turkey Turkmenistan Uganda
Ukraine Uruguay Uzbekistan Venezuela Vietnam Yemen Zambia Zimbabwe
""".split()
# Adjectives and capitals that stand for a state as a party, by state.
STATES = {
    "Afghanistan": "afghan kabul", "Armenia": "armenian yerevan",
    "Azerbaijan": "azerbaijani azeri baku", "Belarus": "belarusian minsk",
    "Cambodia": "cambodian", "Chile": "chilean santiago", "China": "chinese beijing",
    "Colombia": "colombian bogota bogotá", "Congo": "congolese kinshasa", "Cyprus": "cypriot",
    "Ecuador": "ecuadorean quito", "Egypt": "egyptian cairo", "El Salvador": "salvadoran",
    "Eritrea": "eritrean asmara", "Estonia": "estonian tallinn",
    "Ethiopia": "ethiopian", "Georgia": "georgian tbilisi", "Greece": "greek athens",
    "India": "indian delhi", "Indonesia": "indonesian jakarta", "Iran": "iranian tehran",
    "Iraq": "iraqi baghdad", "Israel": "israeli", "Jordan": "jordanian amman",
    "Kenya": "kenyan nairobi", "Kosovo": "kosovar pristina", "Kyrgyzstan": "kyrgyz bishkek",
    "Lebanon": "lebanese beirut", "Libya": "libyan tripoli", "Lithuania": "lithuanian vilnius",
    "Mali": "malian bamako", "Mexico": "mexican", "Moldova": "moldovan chisinau",
    "Morocco": "moroccan rabat", "Mozambique": "mozambican maputo", "Myanmar": "burmese naypyidaw",
    "Niger": "nigerien niamey", "Nigeria": "nigerian abuja", "North Korea": "pyongyang",
    "Pakistan": "pakistani islamabad", "Philippines": "philippine filipino manila",
    "Poland": "polish warsaw", "Russia": "russian moscow kremlin", "Rwanda": "rwandan kigali",
    "Saudi Arabia": "saudi riyadh", "Serbia": "serbian belgrade", "Somalia": "somali mogadishu",
    "South Korea": "seoul", "Sudan": "sudanese khartoum", "Syria": "syrian damascus",
    "Taiwan": "taiwanese taipei", "Tajikistan": "tajik dushanbe", "Thailand": "thai bangkok",
    "Turkey": "turkish ankara", "Uganda": "ugandan kampala", "Ukraine": "ukrainian kyiv kiev",
    "United States": "american us u.s washington", "Venezuela": "venezuelan caracas",
    "Yemen": "yemeni",
}  # fmt: skip
STATE_OF = {word: state for state, names in STATES.items() for word in names.split()}
STATE_OF |= {name.lower(): name for name in COUNTRIES}

UNITS = {
    word: number
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
        "fifteen sixteen seventeen eighteen nineteen".split()
    )
}
TENS = {
    word: 10 * number
    for number, word in enumerate(
        "twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2
    )
}
SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "dozen": 12, "couple": 2}
VAGUE = {
    **dict.fromkeys(("several", "some", "few", "handful", "many", "numerous"), 3),
    "tens": 20,
    "dozens": 24,
    "scores": 40,
    "hundreds": 200,
    "thousands": 2000,
}
ZERO = words("no nobody none neither without")
AT_LEAST = (("at", "least"), ("no", "fewer", "than"), ("not", "less", "than"))
MORE_THAN = (("more", "than"), ("over",), ("upwards", "of"), ("beyond",))
AT_MOST = (("up", "to"), ("as", "many", "as"), ("no", "more", "than"), ("at", "most"))
ABOUT = (("about",), ("around",), ("some",), ("nearly",), ("almost",), ("roughly",))

BEFORE_PLACE = words("in near at from to into of outside around across toward towards inside over")
BEFORE_NAME = words("the central eastern western northern southern downtown")
NOT_PLACE = words(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may "
    "june july august september october november december i god islam ministry minister "
    "president army general colonel un eu nato us u.s isil isis daesh state council security "
    "force forces front"
)
PARTY_AFTER = (
    SAYING | BLAME | DENY | REJECT | words("has have had will wants wanted planned was is 's")
)
SMALL = words("point town district")

TOKEN = re.compile(
    r"\d{1,3}(?:[,.\u00a0]\d{3})+(?!\d)|\d+(?:\.\d+)?|[^\W\d_]+(?:['’.-][^\W_]+)*|--|[^\w\s]"
)
CLAUSE_END = words("; : -- – — ( ) while but although whereas . ? !")
RELATIVE = words("which who whom whose adding saying amid including leaving accusing")
QUOTES = words("\" “ ” ' ‘ ’ « »")
DETERMINERS = words("the a an this that these those its their his her")
# What a subject does not reach over, to the left of its verb.
NO_SUBJECT = words(", ; : -- – — that and but while as when if because after before . ? !") | QUOTES
BESIDE_VERB = words(
    "has have had was were is are been be also later then again not yet still never on since "
    "monday tuesday wednesday thursday friday saturday sunday yesterday today earlier separately "
    "meanwhile strongly"
)


class Token(NamedTuple):
    """A word or mark, and where it stands in the document."""

    word: str
    text: str
    start: int
    end: int


Sentence = list[Token]
Claims = tuple[Sequence[Accusation], Sequence[Denial]]


def fit(
    task: Task, train: Sequence[Example], dev: Sequence[Example]
) -> Callable[[Sequence[Document]], list[Prediction]]:
    """Collect the places of the training documents; `dev` is not needed."""
    places = _named_places(train) if task.layers else _place_names(train)

    def predict(documents: Sequence[Document]) -> list[Prediction]:
        return [_predict(task, document, places) for document in documents]

    return predict


def _predict(task: Task, document: Document, places: "Places") -> Prediction:
    sentences = [_tokens(document, span) for span in document.sentences]
    layers: dict[str, Any] = {}
    if task.name == "places" and task.mentions == "gold":
        layers["locations"] = _resolved(document, sentences, places)
    elif task.layers == () or "locations" in task.layers:
        layers["locations"] = _locations(document, sentences, places)
    if task.layers == () or "casualties" in task.layers:
        layers["casualties"] = _casualties(document, sentences)
    if task.layers == () or "accusations" in task.layers:
        if task.mentions == "gold":
            claims: Claims = document.accusations, document.denials
        else:
            claims = _claims(document, sentences)
        layers["accusations"] = _one_claim_each(claims[0])
        layers["denials"] = _linked(*claims)
    return Prediction(document.doc_id, **layers)


# --- words and clauses ---------------------------------------------------------------------


def _tokens(document: Document, sentence: Span) -> Sentence:
    text = document.text or ""
    found = TOKEN.finditer(text, sentence.start, sentence.end)
    return [
        Token(m[0].lower().replace("’", "'").removesuffix("'s"), m[0], m.start(), m.end())
        for m in found
    ]


def _clause_end(tokens: Sentence, start: int) -> int:
    """Where the clause ends that goes on at a token: a mark, a relative, an attribution."""
    for i in range(start, len(tokens)):
        word = tokens[i].word
        if word in CLAUSE_END and not _is_inside_number(tokens, i):
            return i
        after = [token.word for token in tokens[i + 1 : i + 8]]
        if word == "," and after and (after[0] in RELATIVE or set(after) & SAYING):
            return i
    return len(tokens)


def _is_inside_number(tokens: Sentence, i: int) -> bool:
    beside = tokens[i - 1 : i] + tokens[i + 1 : i + 2]
    return tokens[i].word in "-–" and len(beside) == 2 and all(t.word.isdecimal() for t in beside)


def _scope(tokens: Sentence, cue: int) -> list[str]:
    return [token.word for token in tokens[cue + 1 : _clause_end(tokens, cue + 1)]]


def _span(tokens: Sentence, start: int, end: int) -> Span | None:
    """The span of some tokens without the marks and white space at its ends."""
    part = tokens[start:end]
    while part and not part[-1].text[-1].isalnum():
        part = part[:-1]
    while part and not part[0].text[0].isalnum():
        part = part[1:]
    return Span(part[0].start, part[-1].end) if part else None


def _subject(tokens: Sentence, verb: int) -> tuple[int, int] | None:
    """The noun phrase to the left of a verb."""
    end = verb
    while end and tokens[end - 1].word in BESIDE_VERB | {"who"}:
        end -= 1
    if end and tokens[end - 1].word == ",":  # an apposition stands between them
        commas = [i for i in range(end - 1) if tokens[i].word == ","]
        end = commas[-1] if commas else end - 1
    start = end
    while start and end - start < 9 and tokens[start - 1].word not in NO_SUBJECT:
        start -= 1
    return _phrase(tokens, start, end)


def _after(tokens: Sentence, verb: int) -> tuple[int, int] | None:
    """The noun phrase to the right of a verb ("said the governor")."""
    end = verb + 1
    while end < len(tokens) and tokens[end].word not in NO_SUBJECT | BESIDE_VERB | {"in", "of"}:
        end += 1
    return _phrase(tokens, verb + 1, end)


def _phrase(tokens: Sentence, start: int, end: int) -> tuple[int, int] | None:
    while start < end and tokens[start].word in DETERMINERS:
        start += 1
    named = any(t.text[0].isupper() or t.word.isalpha() for t in tokens[start:end])
    return (start, end) if start < end and named else None


def _home(sentences: Sequence[Sentence]) -> str | None:
    """The state that a text names most often: whose organs it leaves without a name."""
    named = Counter(STATE_OF[t.word] for tokens in sentences for t in tokens if t.word in STATE_OF)
    return named.most_common(1)[0][0] if named else None


def _actor(
    tokens: Sentence, phrase: tuple[int, int] | None, last: str | None, home: str | None
) -> str | None:
    """The side of a noun phrase: its state, what a pronoun stands for, or the phrase.

    Args:
        tokens: The sentence.
        phrase: Token numbers of the phrase.
        last: What a pronoun stands for.
        home: The state of an organ whose state is not told.
    """
    if phrase is None:
        return None
    part = tokens[slice(*phrase)]
    states = [STATE_OF[token.word] for token in part if token.word in STATE_OF]
    if states:
        return states[0]
    if part[0].word in PRONOUNS and last:
        return last
    if home and any(token.word in ORGANS for token in part):
        return home
    gaps = [" " * (after.start > before.end) for before, after in pairwise(part)]
    return "".join(token.text + gap for token, gap in zip(part, [*gaps, ""], strict=True))


# --- accusations and denials ---------------------------------------------------------------


class Frame(NamedTuple):
    """Where the parts of an accusation are: token numbers, half-open."""

    cue: int
    content: tuple[int, int]
    source: tuple[int, int] | None
    target: tuple[int, int] | None


def _claims(document: Document, sentences: Sequence[Sentence]) -> Claims:
    accusations: list[Accusation] = []
    denials: list[Denial] = []
    source = None  # whom a pronoun stands for
    home = _home(sentences)
    for tokens in sentences:
        for frame in _accusing(tokens):
            content = _span(tokens, *frame.content)
            if content is None:
                continue
            source = _actor(tokens, frame.source, source, home) or source
            accusations.append(
                Accusation(
                    id=f"a{len(accusations) + 1}",
                    cue=_span(
                        tokens, frame.cue, frame.cue + 1 + (tokens[frame.cue].word == "according")
                    ),
                    content=content,
                    source=_span(tokens, *frame.source) if frame.source else None,
                    target=_span(tokens, *frame.target) if frame.target else None,
                    source_actor=_actor(tokens, frame.source, source, home),
                    target_actor=_actor(tokens, frame.target, None, home),
                    act=_act(tokens[slice(*frame.content)]),  # type: ignore[arg-type]
                    claim="",
                )
            )
        for cue, content_range, phrase in _denying(tokens):
            source = _actor(tokens, phrase, source, home) or source
            said = [token.word for token in tokens[slice(*content_range)]]
            denials.append(
                Denial(
                    id=f"d{len(denials) + 1}",
                    cue=_span(tokens, cue, cue + 1),
                    content=_span(tokens, *content_range),
                    source=_span(tokens, *phrase) if phrase else None,
                    source_actor=_actor(tokens, phrase, source, home),
                    answers=(),
                    scope=_denied(said),  # type: ignore[arg-type]
                )
            )
    return accusations, denials


def _act(content: Sentence) -> str:
    found = {token.word for token in content}
    return next((act for act, known in ACTS.items() if known & found), "harm_to_civilians")


def _denied(content: list[str]) -> str:
    if {"responsible", "responsibility", "involvement", "involved", "role"} & set(content):
        return "responsibility"
    if {"deliberately", "intended", "intent", "target", "targeted", "targeting"} & set(content):
        return "intent"
    return "figure" if {"figure", "number", "toll"} & set(content) else "act"


def _accusing(tokens: Sentence) -> Iterator[Frame]:
    """The accusations of a sentence, at most one for each cue."""
    for i, token in enumerate(tokens):
        if token.word in BLAME:
            # "the accusations were …" points at a charge and makes none.
            following = {t.word for t in tokens[i + 1 : i + 3]}
            if not (token.word in CHARGE and not {"that", "of"} & following):
                frame = _blame(tokens, i)
                if frame is not None:
                    yield frame
        elif token.word in SAYING and not (i and tokens[i - 1].word == "united"):
            frame = _according(tokens, i) if token.word == "according" else _told(tokens, i)
            if frame is not None:
                yield frame
        elif token.word == "responsible" and tokens[i + 1 : i + 2] and tokens[i + 1].word == "for":
            yield Frame(i, (i + 2, _clause_end(tokens, i + 2)), None, _subject(tokens, i))


def _blame(tokens: Sentence, cue: int) -> Frame | None:
    """Read "accused X of doing Y", "blamed X for Y", "blamed Y on X", "alleged that X did Y"."""
    end = _clause_end(tokens, cue + 1)
    if end - cue < 2:
        return None
    found = [token.word for token in tokens[:end]]
    word, source = found[cue], _subject(tokens, cue)
    if word == "allegedly" or found[cue + 1] in ("of", "with"):  # the doer stands before the cue
        start = cue + 1 + (word != "allegedly")
        return Frame(cue, (start, end), None, source) if start < end else None
    for preposition in ("of", "for", "with", "over"):
        place = found.index(preposition, cue + 1) if preposition in found[cue + 1 : cue + 14] else 0
        if place and not word.startswith(("alleg", "condemn", "denounc", "attribut")):
            target = _phrase(tokens, cue + 1, place)
            return Frame(cue, (place + 1, end), source, target) if place + 1 < end else None
    for preposition in ("on", "to"):
        place = found.index(preposition, cue + 1) if preposition in found[cue + 1 :] else 0
        if place and word.startswith(("blam", "attribut")):
            return Frame(cue, (cue + 1, place), source, _phrase(tokens, place + 1, end))
    start = cue + 1 + (found[cue + 1] == "that")
    return Frame(cue, (start, end), source, _doer(tokens, start, end)) if start < end else None


def _according(tokens: Sentence, cue: int) -> Frame | None:
    """Read "According to X, Y did Z", "Y did Z, according to X"."""
    comma = _next_comma(tokens, cue)
    for start, end, source in ((comma + 1, _clause_end(tokens, comma + 1), comma), (0, cue, None)):
        doer = _doer(tokens, start, end)
        if doer:
            until = _clause_end(tokens, cue + 2) if source is None else source
            return Frame(cue, (start, end), _phrase(tokens, cue + 2, until), doer)
    return None


def _next_comma(tokens: Sentence, start: int) -> int:
    return next((i for i in range(start, len(tokens)) if tokens[i].word == ","), len(tokens))


def _told(tokens: Sentence, cue: int) -> Frame | None:
    """Read "X said Y did Z", "Y did Z, X said", "Y did Z, said X"."""
    end = _clause_end(tokens, cue + 1)
    start = cue + 1
    that = [i for i in range(start, min(end, start + 7)) if tokens[i].word == "that"]
    if that:
        start = that[0] + 1
    while start < end and tokens[start].word in QUOTES | BESIDE_VERB | {",", "to", "me", "us"}:
        start += 1
    doer = _doer(tokens, start, end)
    if doer:
        return Frame(cue, (start, end), _subject(tokens, cue), doer)
    comma = next((i for i in range(cue, max(-1, cue - 12), -1) if tokens[i].word == ","), 0)
    doer = _doer(tokens, 0, comma)
    if not comma or not doer:
        return None
    return Frame(cue, (0, comma), _phrase(tokens, comma + 1, cue) or _after(tokens, cue), doer)


def _doer(tokens: Sentence, start: int, end: int) -> tuple[int, int] | None:
    """A party that does a harmful act between two tokens; none where it is negated or owned."""
    for i in range(start, end):
        word = tokens[i].word
        is_party = word in PARTY or (word in STATE_OF and i + 1 < end)
        if not is_party or {t.word for t in tokens[max(start, i - 3) : i]} & OWN:
            continue
        reach = [token.word for token in tokens[i + 1 : min(end, i + 9)]]
        active = next((k for k, other in enumerate(reach) if other in ACT), None)
        passive = {t.word for t in tokens[max(start, i - 6) : i]}
        acts = active is not None and not {"was", "were", "been"} & set(reach[:active])
        suffers = {"by", "from"} & passive and passive & ACT
        if (acts or suffers) and not set(reach) & NEGATION:
            first = i
            while first > start and tokens[first - 1].word in STATE_OF:
                first -= 1
            last = i + 1
            while last < end and tokens[last].word in PARTY:
                last += 1
            return _phrase(tokens, first, last)
    return None


def _denying(tokens: Sentence) -> Iterator[tuple[int, tuple[int, int], tuple[int, int] | None]]:
    """Cue, content and source of the denials of a sentence."""
    for i, token in enumerate(tokens):
        end = _clause_end(tokens, i + 1)
        after = [t.word for t in tokens[i + 1 : end]]
        start = i + 1 + (after[:1] in (["that"], [","], ["of"]))
        if token.word in DENY:
            neither = {"neither", "nor", "cannot"} & {t.word for t in tokens[max(0, i - 5) : i]}
            if not neither and not set(after[:3]) & HARMLESS:
                yield i, (start, end), _subject(tokens, i)
        elif token.word in REJECT:
            if set(after[:7]) & CHARGE and not set(after[:4]) & HARMLESS:
                yield i, (start, end), _subject(tokens, i)
        elif token.word in SAYING:
            for k, word in enumerate(after[:12]):
                if word in NEGATION and set(after[k + 1 : k + 6]) & DENIABLE:
                    while start < end and tokens[start].word in QUOTES | {",", "that"}:
                        start += 1
                    yield i, (start, end), _subject(tokens, i)
                    break


def _one_claim_each(accusations: Sequence[Accusation]) -> tuple[Accusation, ...]:
    """One claim for each two sides: an article tends to have one quarrel."""
    keys: dict[tuple[str | None, str | None], str] = {}
    return tuple(
        replace(a, claim=keys.setdefault((a.source_actor, a.target_actor), f"c{len(keys) + 1}"))
        for a in accusations
    )


def _linked(accusations: Sequence[Accusation], denials: Sequence[Denial]) -> tuple[Denial, ...]:
    """Each denial answers the nearest accusation of its source before it, or else the nearest."""
    linked = []
    for denial in denials:
        anchor = denial.content or denial.cue
        place = anchor.start if anchor else 0
        before = [a for a in accusations if a.content.start <= place] or list(accusations[:1])
        own = [a for a in before if a.target_actor and a.target_actor == denial.source_actor]
        answered = (own or before)[-1:]
        linked.append(replace(denial, answers=tuple(a.id for a in answered)))
    return tuple(linked)


# --- casualties ----------------------------------------------------------------------------


class Quantity(NamedTuple):
    """Bounds, how they are told, and the token after the words."""

    low: int | None
    high: int | None
    modifier: str
    end: int


def _quantity(tokens: Sentence, start: int) -> Quantity | None:
    """The quantity that begins at a token, with its words of bound."""
    found = [token.word for token in tokens[start : start + 12]]
    for modifier, phrases in (
        ("at_least", AT_LEAST), ("over", MORE_THAN), ("at_most", AT_MOST), ("about", ABOUT),
    ):  # fmt: skip
        for phrase in phrases:
            if tuple(found[: len(phrase)]) != phrase:
                continue
            number = _number(tokens, start + len(phrase))
            if number is None:
                continue
            if number.modifier == "vague":
                return number
            value = number.low
            bounds = {
                "at_least": (value, None),
                "over": (None if value is None else value + 1, None),
                "at_most": (None, number.high),
                "about": (value, number.high),
            }[modifier]
            return Quantity(*bounds, "at_least" if modifier == "over" else modifier, number.end)
    if found[:1] == ["between"] or found[:1] == ["from"]:
        low = _number(tokens, start + 1)
        if low and tokens[low.end : low.end + 1] and tokens[low.end].word in ("and", "to"):
            high = _number(tokens, low.end + 1)
            if high:
                return Quantity(low.low, high.high, "range", high.end)
        return None
    return _number(tokens, start)


def _number(tokens: Sentence, start: int) -> Quantity | None:
    """A number, a range, a vague number or a zero, without words of bound before it."""
    word = tokens[start].word if start < len(tokens) else ""
    if word in ZERO or word == "both":
        count = 2 if word == "both" else 0
        return Quantity(count, count, "exact", start + 1)
    vague = _vague(tokens, start)
    if vague is not None:
        return vague
    value, end = _cardinal(tokens, start)
    if end == start:
        return None
    rest = [token.word for token in tokens[end : end + 2]]
    if rest == ["or", "more"]:
        return Quantity(value, None, "at_least", end + 2)
    if rest[:1] and rest[0] in ("to", "or", "-", "–"):
        high, high_end = _cardinal(tokens, end + 1)
        if high_end > end + 1 and high > value:
            return Quantity(value, high, "range", high_end)
    return Quantity(value, value, "exact", end)


def _vague(tokens: Sentence, start: int) -> Quantity | None:
    """Read "several", "a few", "dozens", "several hundred", "tens of thousands"."""
    found = [token.word for token in tokens[start : start + 4]]
    first = int(found[:1] == ["a"] and found[1:2] in (["few"], ["handful"]))
    if len(found) <= first or found[first] not in VAGUE:
        return None
    low, end = VAGUE[found[first]], start + first + 1
    following = found[first + 1 : first + 3]
    if following[:1] and following[0] in SCALES:
        return Quantity(low * SCALES[following[0]], None, "vague", end + 1)
    if following[:1] == ["of"]:
        end += 1
        if following[1:] and following[1] in ("thousands", "hundreds"):
            return Quantity(low * VAGUE[following[1]] // 2, None, "vague", end + 1)
    return Quantity(low, None, "vague", end)


def _cardinal(tokens: Sentence, start: int) -> tuple[int, int]:
    """A number in digits or words, and the token after it; the same token if there is none."""
    total = current = 0
    end = start
    while end < len(tokens):
        word = tokens[end].word
        parts = word.split("-")
        if word[0].isdecimal() and end == start:
            current = int(re.sub(r"\D", "", word.partition(".")[0] if "." in word else word))
            if re.fullmatch(r"\d{1,3}(?:[.,\u00a0]\d{3})+", word):
                current = int(re.sub(r"\D", "", word))
        elif word in ("a", "an", "half") and end == start:
            following = [token.word for token in tokens[end + 1 : end + 3]]
            if word == "half" and following[:2] == ["a", "dozen"]:
                return 6, end + 3
            current = 1
        elif word in SCALES and (end > start):
            scaled = max(current, 1) * SCALES[word]
            total, current = (total + scaled, 0) if SCALES[word] >= 1000 else (total, scaled)
        elif all(part in UNITS or part in TENS for part in parts):
            current += sum(UNITS.get(part, 0) + TENS.get(part, 0) for part in parts)
        elif not (word == "and" and tokens[end - 1].word in SCALES and end > start):
            break
        end += 1
    if end > start and tokens[end - 1].word == "and":
        end -= 1
    return total + current, end


def _casualties(document: Document, sentences: Sequence[Sentence]) -> tuple[Casualty, ...]:
    found: list[Casualty] = []
    home = _home(sentences)
    for tokens in sentences:
        taken = 0
        i = 0
        while i < len(tokens):
            quantity = _quantity(tokens, i) if i >= taken else None
            hit = _people(tokens, i, quantity) if quantity else None
            if quantity is None or hit is None:
                i += 1
                continue
            (start, end), outcome, people = hit
            mention = _span(tokens, start, end)
            if mention is None:
                i += 1
                continue
            source = _attribution(tokens)
            group = (
                "military" if people & MILITARY else "civilian" if people & CIVILIAN else "unknown"
            )
            found.append(
                Casualty(
                    id=f"k{len(found) + 1}",
                    mention=mention,
                    outcome=outcome,  # type: ignore[arg-type]
                    low=quantity.low,
                    high=quantity.high,
                    modifier=quantity.modifier,  # type: ignore[arg-type]
                    group=group,  # type: ignore[arg-type]
                    side=next((STATE_OF[w] for w in sorted(people) if w in STATE_OF), None),
                    source=_span(tokens, *source) if source else None,
                    source_actor=_actor(tokens, source, None, home),
                    incident="i1",
                )
            )
            taken = i = max(end, i + 1)
    return tuple(found)


def _people(
    tokens: Sentence, i: int, quantity: Quantity
) -> tuple[tuple[int, int], str, set[str]] | None:
    """The mention that a quantity belongs to, its outcome, and the words for the people."""
    clause = _clause_end(tokens, quantity.end)
    after = [token.word for token in tokens[quantity.end : min(clause, quantity.end + 9)]]
    comma = after.index(",") if "," in after else len(after)
    near = after[:comma]
    noun = next((k for k, word in enumerate(near[:5]) if word in PEOPLE), None)
    people = set(near[: (noun or 0) + 1])
    stated = next((k for k, word in enumerate(near) if word in OUTCOME_OF), None)
    before = [token.word for token in tokens[max(0, i - 3) : i]]
    verb = next((k for k in range(1, len(before) + 1) if before[-k] in OUTCOME_OF), None)
    if verb and (noun is not None or verb == 1):
        end = quantity.end + (noun + 1 if noun is not None else 0)
        return (i - verb, end), OUTCOME_OF[before[-verb]], people
    if stated is not None and (noun is not None or stated <= 1):
        return (i, quantity.end + stated + 1), OUTCOME_OF[near[stated]], people
    late = next((word for word in after[comma:] if word in OUTCOME_OF), None)
    if noun is not None and late:
        return (i, quantity.end + noun + 1), OUTCOME_OF[late], people
    return None


def _attribution(tokens: Sentence) -> tuple[int, int] | None:
    """Who is said to say it, in the sentence."""
    for i, token in enumerate(tokens):
        if token.word == "according":
            return _phrase(tokens, i + 2, _clause_end(tokens, i + 2))
        if token.word in SAYING:
            return _subject(tokens, i) or _after(tokens, i)
    return None


# --- places --------------------------------------------------------------------------------


class Place(NamedTuple):
    """What training says of a name; None where it was only seen to be one."""

    name: str | None
    country: str | None
    lat: float | None
    lon: float | None
    precision: str


Places = dict[str, Place]
UNKNOWN = Place(None, None, None, None, "town")


def _named_places(train: Sequence[Example]) -> Places:
    """The places that training has for each name, the most frequent one of each."""
    found: dict[str, Counter[Place]] = {}
    for example in train:
        for record in getattr(example.gold, "locations", ()) or ():
            mention = example.document.words(record.mention) or ""
            place = Place(record.name, record.country, record.lat, record.lon, record.precision)
            found.setdefault(mention.lower(), Counter())[place] += 1
    return _countries() | {name: seen.most_common(1)[0][0] for name, seen in found.items()}


def _countries() -> Places:
    return {name.lower(): UNKNOWN._replace(name=name, precision="country") for name in COUNTRIES}


def _place_names(train: Sequence[Example]) -> Places:
    """Names after a preposition in sentences that have a place, seen nowhere without one."""
    with_place: set[str] = set()
    without: set[str] = set()
    for example in train:
        for span, labels in zip(example.document.sentences, example.gold, strict=True):
            tokens = _tokens(example.document, span)
            if "location" not in labels:
                without |= {token.word for token in tokens if token.text[0].isupper()}
            elif not all(token.text.isupper() for token in tokens if token.text.isalpha()):
                with_place |= {tokens[i].word for i, _ in _after_preposition(tokens)}
    return _countries() | {n: UNKNOWN for n in with_place - without if len(n) > 2}


def _after_preposition(tokens: Sentence) -> Iterator[tuple[int, int]]:
    """Capitalised names that follow a preposition: token numbers, half-open."""
    for i, token in enumerate(tokens[:-1]):
        if token.word not in BEFORE_PLACE:
            continue
        k = i + 1
        while k < len(tokens) and tokens[k].word in BEFORE_NAME and tokens[k].text[0].islower():
            k += 1
        end = k
        while end < len(tokens) and tokens[end].text[0].isupper():
            end += 1
        if end > k and tokens[k].word not in NOT_PLACE | PARTY:
            yield k, end


def _locations(
    document: Document, sentences: Sequence[Sentence], places: Places
) -> tuple[Location, ...]:
    found: list[Location] = []
    for number, tokens in enumerate(sentences):
        for start, end in _mentions(tokens, places):
            mention = _span(tokens, start, end)
            if mention is not None:
                place = _place(document.words(mention) or "", places)
                found.append(_location(len(found), document, mention, place))
                found[-1] = replace(found[-1], role=_role(tokens, number, start, end))
    return _sites(found)


def _mentions(tokens: Sentence, places: Places) -> list[tuple[int, int]]:
    """Known names, the longest first, and unknown names after a preposition."""
    text_is_capitals = all(t.text.isupper() for t in tokens if t.text.isalpha())
    found: list[tuple[int, int]] = []
    i = 0
    while i < len(tokens):
        for length in range(5, 0, -1):
            part = tokens[i : i + length]
            name = " ".join(token.text for token in part)
            known = " ".join(token.word for token in part) in places
            if len(part) == length and known and name[0].isupper() and _as_place(tokens, i, length):
                found.append((i, i + length))
                i += length - 1
                break
        i += 1
    if not text_is_capitals:
        covered = {k for start, end in found for k in range(start, end)}
        found += [(a, b) for a, b in _after_preposition(tokens) if not covered & set(range(a, b))]
    return sorted(found)


def _as_place(tokens: Sentence, i: int, length: int) -> bool:
    """Whether a known name is used as a place, and does not speak or act as a party."""
    last = tokens[i + length - 1]
    following = tokens[i + length].word if i + length < len(tokens) else ""
    preceding = tokens[i - 1].word if i else ""
    possessive = last.text.lower().replace("’", "'").endswith("'s")
    return preceding in BEFORE_PLACE or (following not in PARTY_AFTER and not possessive)


def _place(mention: str, places: Places) -> Place:
    return places.get(mention.lower(), UNKNOWN)


def _location(number: int, document: Document, mention: Span, place: Place) -> Location:
    return Location(
        id=f"l{number + 1}",
        mention=mention,
        name=place.name or document.words(mention) or "",
        country=place.country,
        lat=place.lat,
        lon=place.lon,
        role="context",
        precision=place.precision,  # type: ignore[arg-type]
    )


def _role(tokens: Sentence, number: int, start: int, end: int) -> str:
    """A dateline at the head, a site where the sentence tells an act or an outcome."""
    following = tokens[end].word if end < len(tokens) else ""
    if number < 4 and start == 0 and following in ("(", ":", "-", "—", "–", "--", ","):
        return "dateline"
    acts = any(token.word in ACT or token.word in OUTCOME_OF for token in tokens)
    return "site" if acts else "context"


def _sites(places: Sequence[Location]) -> tuple[Location, ...]:
    """A town or smaller place that is a site once is one throughout, datelines apart."""
    sites = {p.name for p in places if p.role == "site" and p.precision in SMALL}
    return tuple(
        replace(p, role="site") if p.name in sites and p.role == "context" else p for p in places
    )


def _resolved(
    document: Document, sentences: Sequence[Sentence], places: Places
) -> tuple[Location, ...]:
    """The given mentions, with what training says of their names."""
    found = []
    for given in document.locations:
        place = _place(document.words(given.mention) or "", places)
        number = next(
            i for i, s in enumerate(document.sentences) if s.start <= given.mention.start < s.end
        )
        tokens = sentences[number]
        start = next((i for i, t in enumerate(tokens) if t.start >= given.mention.start), 0)
        end = next((i for i, t in enumerate(tokens) if t.start >= given.mention.end), len(tokens))
        record = _location(0, document, given.mention, place)
        found.append(replace(record, id=given.id, role=_role(tokens, number, start, end)))
    return _sites(found)
