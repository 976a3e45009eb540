"""A cue lexicon with rules of scope; nothing is learnt but a list of place names.

A sentence is read clause by clause. A cue has a scope: what follows it up to the end of
its clause. Inside the scope a rule looks for what the label needs: a harmful act with a
party as its doer for an accusation told by a plain verb of saying, a negation of such an
act for a denial, a number and a noun for people beside an outcome for a casualty. Places
are names seen in training, countries, and capitalised names after a preposition, unless
they speak or act as a party.

What it is not: it has no syntax, knows no actors, and reads each sentence alone. It shows
how far words go.

Lexicon and rules were written from the annotation guidelines, not from the test set.
"""

import re
from collections.abc import Callable, Iterator, Sequence

from counterclaim import Document, Example, Prediction, Task


def words(text: str) -> frozenset[str]:
    """A lexicon entry for each word of a string."""
    return frozenset(text.split())


# Verbs and nouns that carry an accusation by themselves.
BLAME = words(
    "accuse accuses accused accusing accusation blame blames blamed blaming allege alleges "
    "alleged alleging allegedly denounce denounces denounced denouncing condemn condemns "
    "condemned condemning slam slams slammed slamming implicate implicates implicated indict "
    "indicts indicted incriminate incriminated suspect suspects suspected suspicion charged "
    "charges decried deplored"
)
# Verbs that only report: an accusation needs an act and a doer in their scope.
SAYING = words(
    "say says said saying tell tells told report reports reported state states stated announce "
    "announces announced claim claims claimed claiming declare declares declared add adds added "
    "according reveal reveals revealed note notes noted insist insists insisted maintain "
    "maintains maintained testify testified describe describes described explain explained "
    "write writes wrote believe believes believed conclude concluded concludes found confirm "
    "confirmed confirms charge acknowledged acknowledges argued argues affirmed asserted "
    "asserts recalled warned"
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
ACT = words(
    "attack attacks attacked attacking shell shelled shelling shot shoot shooting fire fired "
    "firing bomb bombed bombing bombard bombarded bombardment strike strikes struck hit raid "
    "raided raids ambush ambushed kill kills killed killing murder murdered massacre massacred "
    "execute executed abduct abducted kidnap kidnapped kidnapping seize seized detain detained "
    "arrested capture captured torture tortured beat beaten rape raped burn burned burnt looted "
    "loot invade invaded crossed cross occupy occupied violate violated violating violation "
    "violations breach breached broke mined planted laid poison gas gassed chemical hack hacked "
    "sabotage sabotaged spy spying arm armed arming blocked block obstructed obstruct expel "
    "expelled displaced destroy destroyed target targeted targeting dropped launched opened "
    "rammed assassinate assassinated dynamited downed carried committed used stormed set sent "
    "supplied"
)
DENIABLE = ACT | words("responsible responsibility role part")
PARTY = words(
    "army armies forces troops soldiers soldier military regime government rebels rebel "
    "guerrillas guerrilla militants militant militia militias fighters police guards coalition "
    "jets warplanes planes aircraft drones helicopters helicopter group gang terrorists "
    "insurgents separatists navy airforce intelligence agents side opposition hezbollah hamas "
    "isis isil daesh taliban houthis houthi fmln farc eln jnim rsf m23 kremlin they it"
)
OWN = words("our we us its")
NEGATION = words(
    "no not never nobody none neither nor without didn't wasn't weren't hadn't nothing"
)

NUMBER = words(
    "a an one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty "
    "ninety hundred hundreds thousand thousands dozen dozens score scores several some many few "
    "couple no nobody both another numerous tens million"
)
PEOPLE = words(
    "people person persons man men woman women child children boy boys girl girls civilian "
    "civilians soldier soldiers troops officer officers policeman policemen police fighter "
    "fighters militant militants rebel rebels guerrilla guerrillas terrorist terrorists "
    "insurgent insurgents member members personnel servicemen serviceman conscript conscripts "
    "worker workers resident residents villager villagers peasant peasants passenger passengers "
    "patient patients student students teacher teachers journalist journalists farmer farmers "
    "nurse nurses doctor doctors family families refugees prisoners prisoner hostage hostages "
    "attackers attacker gunmen victims bodies body others corporal sergeant captain lieutenant "
    "colonel citizen citizens operative operatives commander commanders recruits guards guard "
    "marines sailors driver trader traders priest priests employee employees bystander "
    "bystanders subversives casualties dead wounded injured"
)
OUTCOME = words(
    "killed killing kills kill dead died die dies death deaths lives wounded wounding injured "
    "injuring injuries hurt casualty casualties missing captured abducted kidnapped detained "
    "arrested hostage hostages prisoners prisoner displaced fled flee toll murdered executed "
    "massacred assassinated slain martyred perished body bodies fatalities injury shot buried "
    "beheaded"
)
NOT_PEOPLE = words("cattle cow cows sheep goats animals camels horses houses homes vehicles tanks")

COUNTRIES = """
Afghanistan Albania Algeria Angola Argentina Armenia Australia Austria Azerbaijan Bahrain
Bangladesh Belarus Belgium Bolivia Bosnia Brazil Bulgaria Burundi Cambodia Cameroon Canada Chad
Chile China Colombia Congo Croatia Cuba Cyprus Denmark Ecuador Egypt Eritrea Estonia Ethiopia
Finland France Gaza Georgia Germany Greece Guatemala Guinea Guyana Haiti Honduras Hungary India
Indonesia Iran Iraq Ireland Israel Italy Japan Jordan Kazakhstan Kenya Kosovo Kuwait Kyrgyzstan
Laos Latvia Lebanon Liberia Libya Lithuania Malaysia Mali Mauritania Mexico Moldova Mongolia
Morocco Mozambique Myanmar Nepal Nicaragua Niger Nigeria Norway Oman Pakistan Palestine Panama
Peru Philippines Poland Portugal Qatar Romania Russia Rwanda Senegal Serbia Somalia Spain Sudan
Sweden Switzerland Syria Taiwan Tajikistan Tanzania Thailand Tunisia Turkey Turkmenistan Uganda
Ukraine Uruguay Uzbekistan Venezuela Vietnam Yemen Zambia Zimbabwe
""".split()
BEFORE_PLACE = words("in near at from to into of outside around across toward towards inside over")
BEFORE_NAME = words("the central eastern western northern southern downtown")
NOT_PLACE = words(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may "
    "june july august september october november december i god islam ministry minister "
    "president army general colonel un eu nato us u.s. isil isis daesh state council security "
    "force forces front"
)
PARTY_AFTER = (
    SAYING | BLAME | DENY | REJECT | words("has have had will wants wanted planned was is 's")
)

WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*|[,;:()–—]|--")
CLAUSE_END = words("; : -- – — but while although whereas")


def fit(
    task: Task, train: Sequence[Example], dev: Sequence[Example]
) -> Callable[[Sequence[Document]], list[Prediction]]:
    """Collect the place names of the training sentences; `dev` is not needed."""
    places = _place_names(train) | {name.lower() for name in COUNTRIES}

    def predict(documents: Sequence[Document]) -> list[Prediction]:
        return [
            Prediction(
                document.doc_id,
                sentence_labels=tuple(
                    tuple(_labels(text, places)) for text in document.sentence_texts
                ),
            )
            for document in documents
        ]

    return predict


def _place_names(train: Sequence[Example]) -> set[str]:
    """Names after a preposition in sentences that have a place, seen nowhere without one."""
    with_place: set[str] = set()
    without: set[str] = set()
    for example in train:
        for text, labels in zip(example.document.sentence_texts, example.gold, strict=True):
            names = {token.lower() for token in WORD.findall(text) if token[0].isupper()}
            if "location" not in labels:
                without |= names
            elif not text.isupper():
                with_place |= {name.lower() for name in _names_after_preposition(text)}
    return {name for name in with_place - without if len(name) > 2}


def _labels(text: str, places: set[str]) -> Iterator[str]:
    tokens = [token.lower().replace("’", "'") for token in WORD.findall(text)]
    if _is_accusation(tokens):
        yield "accusation"
    if _is_denial(tokens):
        yield "denial"
    if _is_casualty(tokens):
        yield "casualty"
    if _has_place(text, places):
        yield "location"


def _scope(tokens: Sequence[str], start: int) -> list[str]:
    """The tokens after a cue, up to the end of its clause."""
    scope = []
    for token in tokens[start + 1 :]:
        if token in CLAUSE_END:
            break
        scope.append(token)
    return scope


def _is_accusation(tokens: Sequence[str]) -> bool:
    for i, token in enumerate(tokens):
        after, before = _scope(tokens, i), tokens[max(0, i - 25) : i]
        if token in BLAME and len(after) + len(before) > 2:
            # "the accusations were …" points at a charge and makes none.
            if token in CHARGE and not ({"that", "of"} & set(after[:2])):
                continue
            return True
        if token in SAYING and (_harm_by_party(after) or _harm_by_party(before)):
            return True
        if tokens[i : i + 2] in (["responsible", "for"], ["responsibility", "on"]):
            return True
    return False


def _harm_by_party(scope: Sequence[str]) -> bool:
    """A party followed within a few words by a harmful act, not denied, not one's own."""
    for i, token in enumerate(scope):
        if token in PARTY and token not in ("they", "it"):
            owner = scope[max(0, i - 3) : i]
            reach = scope[i + 1 : i + 8]
            if set(owner) & OWN or set(reach) & NEGATION:
                continue
            active = next((k for k, word in enumerate(reach) if word in ACT), None)
            if active is not None and not {"was", "were", "been"} & set(reach[:active]):
                return True
        if (
            token == "by"
            and set(scope[i + 1 : i + 6]) & PARTY
            and set(scope[max(0, i - 6) : i]) & ACT
        ):
            return True
    return False


def _is_denial(tokens: Sequence[str]) -> bool:
    for i, token in enumerate(tokens):
        after = _scope(tokens, i)
        if token in DENY:
            neither = {"neither", "nor", "cannot"} & set(tokens[max(0, i - 5) : i])
            if not neither and not set(after[:3]) & HARMLESS:
                return True
        if token in REJECT and set(after[:7]) & CHARGE and not set(after[:4]) & HARMLESS:
            return True
        if token in SAYING:
            for k, word in enumerate(after[:12]):
                if word in NEGATION and set(after[k + 1 : k + 6]) & DENIABLE:
                    return True
    return False


def _is_casualty(tokens: Sequence[str]) -> bool:
    for i, token in enumerate(tokens):
        if token not in OUTCOME:
            continue
        near = tokens[max(0, i - 9) : i + 8]
        number = any(word in NUMBER or word[0].isdigit() for word in near)
        people = (set(near) - {token}) & PEOPLE
        if number and people and not set(near) & NOT_PEOPLE:
            return True
        if token in ("casualties", "toll", "lives", "bodies", "fatalities") and number:
            return True
    return False


def _names_after_preposition(text: str) -> Iterator[str]:
    tokens = WORD.findall(text)
    for i, token in enumerate(tokens[:-1]):
        if token.lower() not in BEFORE_PLACE:
            continue
        k = i + 1
        while k < len(tokens) and tokens[k] in BEFORE_NAME:
            k += 1
        if k < len(tokens) and tokens[k][0].isupper() and tokens[k].lower() not in NOT_PLACE:
            yield re.sub(r"['’]s$", "", tokens[k])


def _has_place(text: str, places: set[str]) -> bool:
    tokens = WORD.findall(text)
    for i, token in enumerate(tokens):
        name = re.sub(r"['’]s$", "", token)
        if not name[0].isupper() or name.lower() not in places:
            continue
        following = tokens[i + 1].lower() if i + 1 < len(tokens) else ""
        preceding = tokens[i - 1].lower() if i else ""
        if preceding in BEFORE_PLACE or (following not in PARTY_AFTER and name == token):
            return True
    return not text.isupper() and any(
        name.lower() not in PARTY for name in _names_after_preposition(text)
    )
