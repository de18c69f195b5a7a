"""A story that is badly written gets a complaint at its line and column that says what would be right."""

import json
from pathlib import Path

import pytest

from harness.scenario import StoryError, load_story, load_world, read_story
from harness.scenario.values import moment, seconds

ROOT = Path(__file__).parents[3]

STORY = """\
story: small
title: One deal
disturbances:
  - {id: late, system: subscriptions, kind: delay_event, operation: invoice_generated, delay: 45s}
steps:
  - customer: {id: acme, name: Acme, entity: US, country: NO, zip: 01234}
  - deal: {id: d1, customer: acme, lines: [{sku: ONBOARD, quantity: 2}]}
  - close: d1
  - settle
  - advance: 1d 12h
  - expect: {deals: {d1: paid}}
"""


def complaints(text: str) -> list[tuple[int, int, str]]:
    with pytest.raises(StoryError) as caught:
        read_story(text)
    return [(one.line, one.column, one.message) for one in caught.value.complaints]


def test_a_good_story_is_a_value_and_survives_a_round_trip() -> None:
    story = read_story(STORY)
    assert [step.verb for step in story.steps] == ["customer", "deal", "close", "settle", "advance", "expect"]
    customer = story.steps[0].facts
    assert (customer.country, customer.zip) == ("NO", "01234")  # type: ignore[attr-defined]
    assert story.steps[4].facts.by == 36 * 3600  # type: ignore[attr-defined]
    assert story.disturbances[0].fault(0.0)["delay_s"] == 45

    again = read_story(json.dumps(story.to_json()))
    assert again.to_json() == story.to_json()


BAD = [
    ("close: d1", "clse: d1", 8, 5, "unknown verb 'clse'; did you mean 'close'?"),
    (
        "close: d1",
        "start_core: {from_backup: true}",
        8,
        18,
        "nothing was backed up before: `back_up_core` makes a copy",
    ),
    ("close: d1", "set_back: erp_cloud", 8, 5, "there was no `back_up: erp_cloud` before"),
    ("close: d1", "make_whole: erp_cloud", 8, 5, "there was no `set_back: erp_cloud` before"),
    ("close: d1", "close: d2", 8, 5, "no deal 'd2' has been declared up to here; known are: d1"),
    ("quantity: 2", "quanity: 2", 7, 59, "unknown field 'quanity'; did you mean 'quantity'?"),
    ("quantity: 2", "quantity: -2", 7, 5, "the quantity of ONBOARD should be above zero"),
    ("sku: ONBOARD", "sku: ONBORD", 7, 45, "the world sells no product 'ONBORD'; did you mean 'ONBOARD'?"),
    ("customer: acme,", "customer: acne,", 7, 20, "no customer 'acne' has been declared"),
    ("entity: US", "entity: USA", 6, 38, "the world has no selling entity 'USA'; did you mean 'US'?"),
    ("system: subscriptions", "system: subscription", 4, 16, "input should be 'salesforce', 'subscriptions'"),
    ("kind: delay_event", "kind: delay_evnt", 4, 5, "there is no fault 'delay_evnt'"),
    ("advance: 1d 12h", "advance: soon", 10, 5, "should be a duration such as 90s, 15m, 6h or 1d (given: 'soon')"),
    ("advance: 1d 12h", "advance: {by: 1d, until: 2026-02-01}", 10, 5, "say either `by`"),
    ("{d1: paid}", "{d1: payed}", 11, 22, "'d1': input should be 'open', 'won'"),
    ("title: One deal", "tittle: One deal", 2, 1, "unknown field 'tittle'; did you mean 'title'?"),
    ("story: small", "story: small\nworld: nowhere", 2, 1, "there is no world 'nowhere' in scenarios/worlds"),
    ("  - settle", "  - [settle]", 9, 5, "a step is one verb with its arguments"),
    ("  - close: d1", "  - close: d1\n    settle: 1d", 8, 5, "a step is one verb with its arguments"),
    ("title: One deal", "title: One deal\ntitle: Two", 3, 1, "'title' is said twice"),
    ("steps:", "steps", 6, 13, "not YAML"),
]


@pytest.mark.parametrize(("old", "new", "line", "column", "message"), BAD)
def test_complaints_name_place_and_remedy(old: str, new: str, line: int, column: int, message: str) -> None:
    assert STORY.count(old) == 1
    found = complaints(STORY.replace(old, new))
    assert any((line, column) == one[:2] and message in one[2] for one in found), found


@pytest.mark.parametrize("text", ["", "[]", "just words", "a: &x [*x]", "\x00", "steps: {}", "story: 1\nsteps: []"])
def test_nonsense_is_refused_with_words(text: str) -> None:
    assert complaints(text)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoryError, match="there is no such file"):
        load_story(tmp_path / "none.yaml")


def stories() -> list[Path]:
    return [path for path in sorted((ROOT / "scenarios").glob("*.yaml")) if not path.name.endswith(".mapping.yaml")]


@pytest.mark.parametrize("path", stories(), ids=lambda path: path.stem)
def test_our_own_stories_are_well_written(path: Path) -> None:
    assert load_story(path).story == path.stem


def test_the_world_file_knows_its_entities_and_a_story_may_change_mappings() -> None:
    world = load_world("default")
    assert set(world.entities) == {"US", "SG", "DE"}
    merged = world.mappings_with({"items": {"ONBOARD": None, "NEW": {"kind": "charge"}}})
    assert set(merged["items"]) == {*world.mappings["items"], "NEW"} - {"ONBOARD"}
    assert "ONBOARD" in world.mappings["items"]


def test_durations_and_moments() -> None:
    assert (seconds("1d 12h"), seconds("90s"), seconds(5)) == (129_600, 90, 5)
    assert moment("2026-01-05T09:00:00Z") == moment("2026-01-05T17:00:00+08:00") == 1767603600
    for bad in ("", "1x", "d", True, None):
        with pytest.raises(ValueError, match="duration"):
            seconds(bad)
