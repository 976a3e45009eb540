"""Give each document a split, so that no event is in two and all splits are alike.

    python tools/split_events.py DOCUMENTS.jsonl -o SPLIT.jsonl

Documents whose split is frozen in the manifest keep it, and with them all documents of
their event. Some conflicts of desk are in test alone, so that a part of it is of conflicts
that no training text tells. The other events, the largest first, go one by one where they
bring the splits of their corpus nearest to 60, 15 and 25 % of the documents of each source,
of the records of each layer, and of the links. No text and no model is looked at.
"""

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

import msgspec

from counterclaim import corpus, jsonl
from counterclaim.model import LAYERS, SPLITS, Document, Split

SHARES: dict[Split, float] = {"train": 0.60, "dev": 0.15, "test": 0.25}
UNSEEN = {
    *("baltic-cyber", "chile-araucania", "ethiopia-afar-issa", "kyrgyzstan-tajikistan"),
    *("south-china-sea", "sudan-saf-rsf", "ukraine-russia"),
}


def main() -> None:
    """Read the options and write the documents."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("documents", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    documents = [document for _, document in jsonl.read_records(arguments.documents, Document)]
    frozen: dict[str, Split] = {
        doc_id: split
        for split, corpora in corpus.manifest()["splits"].items()
        for doc_ids in corpora.values()
        for doc_id in doc_ids
    }
    chosen: dict[str, Split] = {}
    for name in {document.corpus for document in documents}:
        chosen |= split_events([d for d in documents if d.corpus == name], frozen)
    done = [msgspec.structs.replace(d, split=chosen[d.cluster]) for d in documents]
    jsonl.write_records(arguments.output, done)


def split_events(documents: Iterable[Document], frozen: dict[str, Split]) -> dict[str, Split]:
    """The split of each event of one corpus."""
    events: dict[str, list[Document]] = defaultdict(list)
    for document in documents:
        events[document.cluster].append(document)
    sizes = {event: features(members) for event, members in events.items()}
    whole = Counter[str]()
    for size in sizes.values():
        whole += size
    held: dict[Split, Counter[str]] = {split: Counter() for split in SPLITS}
    chosen: dict[str, Split] = {}
    for event, members in events.items():
        known = {frozen[d.doc_id] for d in members if d.doc_id in frozen}
        if members[0].corpus == "desk" and members[0].conflict in UNSEEN:
            known.add("test")
        if len(known) > 1:
            raise SystemExit(f"{event}: belongs in {sorted(known)}; expected one split")
        for split in known:
            chosen[event] = split
            held[split] += sizes[event]

    def distance(split: Split, event: str) -> float:
        """How far the splits are from their shares if the event goes there."""
        added = {split: sizes[event]}
        counts = {name: held[name] + added.get(name, Counter()) for name in SPLITS}
        return sum(
            (counts[name][feature] / total - SHARES[name]) ** 2
            for name in SPLITS
            for feature, total in whole.items()
        )

    rest = sorted(events.keys() - chosen.keys(), key=lambda e: (-sizes[e]["documents"], e))
    for event in rest:
        split = min(SPLITS, key=lambda name: distance(name, event))
        chosen[event] = split
        held[split] += sizes[event]
    return chosen


def features(documents: Iterable[Document]) -> Counter[str]:
    """What is to be spread alike: documents, also of each source, records and links."""
    counts = Counter[str]()
    for document in documents:
        counts["documents"] += 1
        counts[f"documents of {document.source.repository}"] += 1
        for layer in LAYERS:
            counts[layer] += len(getattr(document, layer))
        counts["links"] += sum(len(denial.answers) for denial in document.denials)
    return counts


if __name__ == "__main__":
    main()
