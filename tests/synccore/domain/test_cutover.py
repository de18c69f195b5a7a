"""Which ledger an entity's documents belong to, day by day."""

from datetime import date

import pytest

from synccore.domain.books import BookDocument, Names
from synccore.domain.keys import Keys
from synccore.domain.mappings import Business, Entity

SG = {"name": "Singapore", "currencies": ["SGD"], "ledger": "legacy", "company_code": "SG01", "subsidiary": "3"}
MOVES = {**SG, "cutover": {"ledger": "cloud", "on": "2026-02-16"}}
DUAL = {**SG, "cutover": {"ledger": "cloud", "on": "2026-02-16", "dual_from": "2026-01-16", "shadow": "4"}}
WAVES = {**SG, "cutover": {"ledger": "cloud", "on": "2026-02-23", "waves": [
    {"on": "2026-02-16", "countries": ["SG"], "product_lines": ["services"]}, {"on": "2026-02-18", "countries": ["MY"]},
]}}  # fmt: skip
BACK = {**SG, "cutover": {"ledger": "cloud", "on": "2026-02-16", "until": "2026-02-18"}}


@pytest.mark.parametrize(("facts", "day", "ledger"), [
    (SG, date(2026, 2, 16), "legacy"),
    (MOVES, date(2026, 2, 15), "legacy"),
    (MOVES, date(2026, 2, 16), "cloud"),
    (BACK, date(2026, 2, 17), "cloud"),
    (BACK, date(2026, 2, 18), "legacy"),
])  # fmt: skip
def test_the_day_decides(facts: dict[str, object], day: date, ledger: str) -> None:
    assert Entity.model_validate(facts).ledger_on(day) == ledger


@pytest.mark.parametrize(("day", "country", "lines", "ledger"), [
    (15, "SG", {"services"}, "legacy"),
    (16, "SG", {"services"}, "cloud"),
    (16, "MY", {"services"}, "legacy"),
    (16, "SG", {"services", ""}, "legacy"),  # one bill, one ledger
    (16, "SG", set(), "legacy"),
    (18, "MY", {""}, "cloud"),
    (18, "SG", {"platform"}, "legacy"),
    (23, "SG", {"platform"}, "cloud"),
])  # fmt: skip
def test_a_wave_takes_a_part_of_the_business(day: int, country: str, lines: set[str], ledger: str) -> None:
    entity, on = Entity.model_validate(WAVES), date(2026, 2, day)
    assert entity.ledger_on(on, Business(country, frozenset(lines))) == ledger
    assert entity.ledger_on(on) == ("cloud" if day >= 23 else "legacy"), "what is not known goes with the rest"


def test_a_move_that_is_taken_back_takes_its_waves_back() -> None:
    entity = Entity.model_validate({**WAVES, "cutover": {**WAVES["cutover"], "until": "2026-02-17"}})  # type: ignore[dict-item]
    business = Business("SG", frozenset({"services"}))
    assert [entity.ledger_on(date(2026, 2, day), business) for day in (16, 17, 24)] == ["cloud", "legacy", "legacy"]


@pytest.mark.parametrize(("change", "says"), [
    ({"cutover": {"ledger": "cloud", "on": "2026-02-16", "waves": [{"on": "2026-02-16", "countries": ["SG"]}]}},
     "goes before the rest"),
    ({"cutover": {"ledger": "cloud", "on": "2026-02-16", "waves": [{"on": "2026-02-10"}]}}, "which countries or prod"),
    ({"cutover": {"ledger": "cloud", "on": "2026-02-16", "until": "2026-02-09",
                  "waves": [{"on": "2026-02-10", "countries": ["SG"]}]}}, "before it"),
    ({"cutover": {**DUAL["cutover"], "waves": [{"on": "2026-02-10", "countries": ["SG"]}]}}, "no waves"),  # type: ignore[dict-item]
    ({"cutover": {"ledger": "legacy", "on": "2026-02-16"}}, "leads to the other ledger"),
    ({"cutover": {"ledger": "cloud", "on": "2026-02-16", "until": "2026-02-01"}}, "before it"),
    ({"cutover": {"ledger": "cloud", "on": "2026-02-16"}, "subsidiary": ""}, "needs its subsidiary"),
    ({"cutover": {"ledger": "cloud", "on": "soon"}}, "date"),
    ({"ledger": "cloud", "cutover": {"ledger": "legacy", "on": "2026-02-16", "open_items": "transfer"}}, "cloud led"),
    ({"cutover": {"ledger": "cloud", "on": "2026-02-16", "dual_from": "2026-01-16"}}, "a subsidiary of its own"),
    ({"cutover": {"ledger": "cloud", "on": "2026-02-16", "dual_from": "2026-02-16", "shadow": "4"}}, "before the cut"),
    ({"cutover": {"ledger": "cloud", "on": "2026-02-16", "dual_from": "2026-01-16", "shadow": "3"}}, "declared twice"),
])  # fmt: skip
def test_a_move_that_cannot_be_is_refused(change: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Entity.model_validate({**SG, **change})


def test_open_items_move_from_the_day_on_until_the_move_is_taken_back() -> None:
    move = {"ledger": "cloud", "on": "2026-02-16", "until": "2026-02-18", "open_items": "transfer"}
    days = [date(2026, 2, 15), date(2026, 2, 16), date(2026, 2, 18)]
    cutover = Entity.model_validate({**SG, "cutover": move}).cutover
    assert cutover is not None and [cutover.transfers(day) for day in days] == [False, True, False]
    runs_off = Entity.model_validate(MOVES).cutover
    assert runs_off is not None and not runs_off.transfers(date(2026, 2, 16))


def test_a_dual_run_ends_with_the_cutover_or_when_it_is_taken_back() -> None:
    entity = Entity.model_validate(DUAL)
    assert entity.ledger_on(date(2026, 2, 15)) == "legacy"
    days = [date(2026, 1, 15), date(2026, 1, 16), date(2026, 2, 15), date(2026, 2, 16)]
    assert [entity.shadow_on(day) for day in days] == ["", "4", "4", ""]
    given_up = Entity.model_validate({**SG, "cutover": {**DUAL["cutover"], "until": "2026-02-01"}})  # type: ignore[dict-item]
    assert (given_up.shadow_on(date(2026, 1, 31)), given_up.shadow_on(date(2026, 2, 1))) == ("4", "")
    assert given_up.ledger_on(date(2026, 2, 20)) == "legacy", "it never moved"


def test_the_books_know_the_ledger_of_a_document_by_decision_and_else_by_its_day() -> None:
    names = Names({"SG": Entity.model_validate(BACK)}, owners={"invoice:SG-2": "erp_cloud"})

    def home(number: str, on: str) -> str:
        return names.ledger(BookDocument("1", number, "invoice", "SG", "SGD", 100, 0, on=on))

    assert home("SG-1", "2026-02-20") == "erp_legacy"
    assert home("SG-2", "2026-02-20") == "erp_cloud", "decided while it was on its way"
    assert home("SG-3", "2026-02-16") == "erp_cloud"
    assert names.ledgers("SG") == ("erp_legacy", "erp_cloud")


def test_a_transfer_names_its_bill_and_its_attempt() -> None:
    keys = Keys()
    assert [keys.transfer_of(keys.legacy_transfer("SG-000003", attempt)) for attempt in (1, 2, 11)] == [
        ("SG-000003", 1), ("SG-000003", 2), ("SG-000003", 11)]  # fmt: skip
    assert keys.transfer_of("SG-000003") is None and keys.transfer_of("M-000003") is None
    assert len(keys.legacy_transfer("SG-00000003", 2)) <= 16
