"""What labels follow from the layers, and which predictions are refused."""

import msgspec
import pytest
from records import document, documents, plain

from counterclaim.errors import DataError
from counterclaim.model import LAYERS, Prediction, Span, sentence_labels
from counterclaim.predictions import predicted_sentence_labels
from counterclaim.tasks import SENTENCES, examples, find


def test_labels_stand_where_content_cue_and_mention_begin() -> None:
    """The accusation of the case begins in sentence 0, its denials in 1 and 2."""
    assert sentence_labels(document()) == [
        ["accusation", "casualty", "location"],
        ["denial"],
        ["denial"],
    ]


def test_an_accusation_is_where_its_content_is_not_its_cue() -> None:
    (record,) = document().accusations
    moved = msgspec.structs.replace(record, content=document().denials[1].content)
    labels = sentence_labels(document(accusations=(moved,)))
    assert [("accusation" in each) for each in labels] == [False, False, True]


def test_a_denial_is_where_its_cue_is_or_its_content_if_it_has_none() -> None:
    first, second = document().denials
    no_cue = msgspec.structs.replace(second, cue=None, content=document().accusations[0].content)
    labels = sentence_labels(document(denials=(no_cue,)))
    assert [("denial" in each) for each in labels] == [True, False, False]
    del first


def test_layers_and_the_labels_that_follow_from_them_are_one_prediction() -> None:
    original = document()
    layers = Prediction("case-1", **{name: getattr(original, name) for name in LAYERS})
    labels = Prediction("case-1", sentence_labels=sentence_labels(original))

    expected = predicted_sentence_labels(original, labels)
    assert predicted_sentence_labels(original, layers) == expected


@pytest.mark.parametrize(
    ("prediction", "message"),
    [
        (Prediction("case-1"), "no sentence_labels; expected them, or layers"),
        (Prediction("case-1", sentence_labels=[[]]), "sentence_labels for 1 sentences; expected 3"),
        (
            Prediction("case-1", sentence_labels=[[], [], []], sentence_scores=[{}]),
            "sentence_scores for 1 sentences; expected 3",
        ),
        (
            Prediction("case-1", sentence_labels=[[], ["rumour"], []]),
            "sentence_labels[1]: 'rumour'; expected labels of accusation,",
        ),
        (
            # The scorer of FEVER reads gold from a submission that carries it.
            Prediction("case-1", sentence_labels=[[], [], []], denials=()),
            "sentence_labels beside denials; expected one of the two",
        ),
        (
            Prediction(
                "case-1",
                locations=(msgspec.structs.replace(document().locations[0], mention=Span(69, 70)),),
            ),
            "l1: span 69-70 begins in no sentence",
        ),
    ],
)
def test_a_prediction_that_does_not_fit_is_refused(prediction: Prediction, message: str) -> None:
    with pytest.raises(DataError) as caught:
        predicted_sentence_labels(document(), prediction)
    assert str(caught.value).startswith(message)


def test_training_examples_hide_the_annotation_in_the_document() -> None:
    for example, original in zip(examples(SENTENCES, documents()), documents(), strict=True):
        assert example.gold == sentence_labels(original)
        assert all(getattr(example.document, name) == () for name in LAYERS)
        assert example.document.text == original.text


def test_a_document_without_annotation_has_a_list_for_each_sentence() -> None:
    assert sentence_labels(plain("One. Two.", (0, 4), (5, 9))) == [[], []]


def test_an_unknown_task_is_an_error() -> None:
    assert find("sentences") is SENTENCES
    with pytest.raises(DataError, match="task 'rumours'; expected one of sentences"):
        find("rumours")
