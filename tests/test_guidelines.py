"""The worked examples of the guidelines are records that keep the rules they teach."""

import re
from collections import Counter
from typing import get_args

import pytest
from guidelines import GUIDELINES, Example, examples

from counterclaim import model
from counterclaim.validate import validate_document

EXAMPLES = list(examples())
LAYER_PAGES = {
    "accusation.md": ("Act",),
    "denial.md": ("Scope",),
    "casualty.md": ("Outcome", "Modifier", "Group"),
    "location.md": ("Role", "Precision"),
}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e.name)
def test_an_example_anchors_and_validates(example: Example) -> None:
    assert list(validate_document(example.document())) == []


def test_every_block_is_extracted() -> None:
    """A block with a slip in its form would otherwise be no test at all."""
    fences = sum(
        page.read_text(encoding="utf-8").count("```example") for page in GUIDELINES.glob("*.md")
    )
    assert len(EXAMPLES) == fences
    assert [name for name, n in Counter(e.name for e in EXAMPLES).items() if n > 1] == []


@pytest.mark.parametrize("page", LAYER_PAGES)
def test_every_layer_has_at_least_eight_worked_examples(page: str) -> None:
    assert sum(example.page == page for example in EXAMPLES) >= 8


@pytest.mark.parametrize("page", LAYER_PAGES)
def test_a_page_explains_every_value_of_its_enumerations(page: str) -> None:
    text = (GUIDELINES / page).read_text(encoding="utf-8")
    for name in LAYER_PAGES[page]:
        for value in get_args(getattr(model, name)):
            assert f"`{value}`" in text, f"{page} does not explain {name} {value}"


def test_an_example_lists_its_own_layer() -> None:
    """An example of a near miss has an empty list: silence would teach nothing."""
    layers = {"accusation": "accusations", "denial": "denials"}
    layers |= {"casualty": "casualties", "location": "locations"}
    for example in EXAMPLES:
        kind = example.name.rsplit("-", 1)[0]
        if kind in layers:
            assert layers[kind] in example.draft, example.name


def test_the_change_log_names_the_current_version() -> None:
    text = (GUIDELINES / "changelog.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## (\S+) \(\d{4}-\d{2}-\d{2}\)$", text, re.MULTILINE)
    assert versions[0] == model.GUIDELINES_VERSION
