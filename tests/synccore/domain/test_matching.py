"""When two names are one company's, when they may be, and when they are not."""

import pytest

from synccore.domain.matching import alike, plain


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("HUDSON ANALYTICS, INC.", "Hudson Analytics"), ("Müller & Söhne GmbH", "Muller  Sohne"),
        ("Merlion Freight Pte. Ltd.", "merlion freight"), ("Société Générale SA", "Societe Generale"),
    ],
)  # fmt: skip
def test_case_accents_punctuation_and_legal_form_do_not_matter(one: str, other: str):
    assert plain(one) == plain(other)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("Pinestreet Lab", "Pine Street Labs", True), ("Prairie Power", "Pine Street Labs", False),
     ("New York Times", "New York Life", False), ("AG", "SE", False)],
)  # fmt: skip
def test_what_is_near_is_for_a_person(one: str, other: str, expected: bool):
    assert plain(one) != plain(other) and alike(one, other) is expected
