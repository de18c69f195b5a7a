"""The tax report over both ledgers: against their own tax accounts, the bills, and what the core knows itself."""

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from harness.canon import Canon, Correlation
from harness.report.taxes import write_taxes
from harness.runner import RunResult, run_story
from harness.scenario.lint import load_story
from harness.simulation import Flight
from harness.simulation.hangar import hangar
from harness.simulation.loop import run_virtual
from harness.simulation.world import SimWorld
from harness.tax_lines import TaxLine
from harness.taxes import declared, differences, totals

SCENARIOS = Path(__file__).parents[2] / "scenarios"
TAX_ACCOUNTS = {"2200", "0000175000"}
STORIES = {  # which ledgers declare something taxed in it
    "apac-cutover-items-moved": {"erp_cloud", "erp_legacy"}, "dual-run-month": {"erp_cloud", "erp_legacy"},
    "tax-rate-change": {"erp_legacy"}, "deal-reopened": {"erp_cloud"}, "credit-and-rebill": {"erp_cloud"},
    "written-off": {"erp_cloud", "erp_legacy"},
}  # fmt: skip
ASKED = ("/taxes", "/taxes?entity=XX", "/taxes?period=soon")
answers: dict[str, list[tuple[int, Any]]] = {}  # by story, what the core says at its end


@pytest.fixture(scope="module", params=STORIES)
def flown(request: pytest.FixtureRequest) -> RunResult:
    story = load_story(SCENARIOS / f"{request.param}.yaml")

    async def main() -> RunResult:
        world = SimWorld(hangar(story.world), story, "21", Flight())
        await world.open()
        try:
            result = await run_story(story, world, world.stream, "21", False)
            answers[story.story] = [await world.core("GET", path) for path in ASKED]
            return result
        finally:
            await world.close()

    result: RunResult = run_virtual(main)
    return result


def report(flown: RunResult) -> tuple[list[TaxLine], Canon]:
    assert flown.evidence is not None
    return flown.evidence.canon.declared, flown.evidence.canon


def test_the_report_is_what_stands_on_the_ledgers_tax_accounts_and_what_was_billed(flown: RunResult) -> None:
    lines, canon = report(flown)
    assert {one.ledger for one in lines if one.tax} >= STORIES[flown.story], "it must have something to say"
    on_accounts: Counter[tuple[str, ...]] = Counter()
    for entry in canon.ledger:
        if entry.account in TAX_ACCOUNTS:
            on_accounts[entry.system, entry.entity, entry.currency] -= entry.amount
            on_accounts[entry.system, entry.entity] -= entry.local
    reported: Counter[tuple[str, ...]] = Counter()
    for one in totals(lines):
        reported[one.ledger, one.entity, one.currency] += one.tax
        reported[one.ledger, one.entity] += one.local_tax
        assert (one.local_base, one.local_tax) == (one.base, one.tax) or one.local_currency != one.currency
    assert {key: tax for key, tax in reported.items() if tax} == {key: tax for key, tax in on_accounts.items() if tax}
    assert differences(lines, canon) == ({}, [])


def test_a_document_that_is_declared_twice_not_at_all_or_in_another_month_is_named(flown: RunResult) -> None:
    lines, canon = report(flown)
    one = next(line for line in lines if line.tax > 0 and any(bill.key == line.number for bill in canon.bills()))
    moved = TaxLine(**{name: getattr(one, name) for name in TaxLine.__slots__} | {"on": "2031-01-31"})
    for faulty in ([*lines, one], [line for line in lines if line is not one], [*(set(lines) - {one}), moved]):
        wrong, waiting = differences(faulty, canon)
        assert list(wrong) == [one.number] and not waiting


def test_the_core_says_the_same_of_what_it_has_posted(flown: RunResult) -> None:
    """By the platform's bills and its own record of postings; what was given up it names, and adds to nothing."""
    (status, said), (_, none), (refused, problem) = answers[flown.story]
    lines, canon = report(flown)
    given_up = {bill.key for bill in canon.bills() if bill.reason == "write_off"}
    assert status == 200 and set(said["given_up"]) == given_up and said["not_posted"] == []
    want: dict[tuple[str, ...], list[int]] = {}
    for one in totals(line for line in lines if line.number and line.number not in given_up):
        sums = want.setdefault((one.entity, one.period, one.ledger, one.currency), [0, 0])
        sums[0] += one.base
        sums[1] += one.tax
    found = {(one["entity"], one["period"], one["ledger"], one["currency"]): [one["net"], one["tax"]]
             for one in said["totals"]}  # fmt: skip
    assert found == want and any(net or tax for net, tax in found.values())
    assert none["totals"] == [] and (refused, problem["status"]) == (422, 422)


INVOICE: dict[str, Any] = {
    "object": "invoice", "id": "7", "externalId": "CBINV-B-1", "tranId": "B-1", "tranDate": "2026-02-03",
    "subsidiary": "1", "currency": "JPY", "total": "1090", "taxTotal": "90", "posting": True, "status": "A",
}  # fmt: skip


def cloud(*documents: dict[str, Any]) -> list[TaxLine]:
    books = {"erp_cloud": {"document": [INVOICE | one for one in documents], "line": []}}
    return declared(books, Canon(), Correlation(subsidiaries={"1": "US"}, shadows={"4": "SG"}))


def test_what_was_posted_elsewhere_or_not_at_all_declares_nothing() -> None:
    assert [one.tax for one in cloud({})] == [90]
    for nothing in ({"status": "V"}, {"subsidiary": "4"}, {"posting": False}):
        assert cloud(nothing) == [], nothing
    for moved in ({"externalId": "CBMIG-B-1"}, {"externalId": "CBMIGC1-B-1"}, {"externalId": "SHADOW-CBINV-B-1"}):
        assert cloud(moved | {"taxTotal": "0"}) == [], moved
        assert [one.tax for one in cloud(moved)] == [90], "it carries tax, which is declared again"


def test_the_entitys_own_currency_is_that_of_its_ledger_at_the_documents_rate() -> None:
    details = [{"object": "invoice.taxDetails", "transaction": "7", "taxCodeName": "A", "taxRate": 9, "taxBasis": "505",
                "taxAmount": "45"}] * 2  # fmt: skip
    ledger = [{"transaction": "7", "baseCurrency": "SGD"}]
    books = {"erp_cloud": {"document": [INVOICE | {"exchangeRate": "0.0091"}], "line": details, "ledger": ledger}}
    (one,) = totals(declared(books, Canon(), Correlation(subsidiaries={"1": "SG"})))
    assert (one.currency, one.base, one.tax) == ("JPY", 1010, 90)
    assert (one.local_currency, one.local_base, one.local_tax) == ("SGD", 920, 82), "4.5955 and 0.4095, line by line"


def test_a_legacy_reversal_takes_back_on_its_own_day() -> None:
    head = {"object": "BKPF", "BUKRS": "SG01", "BELNR": "18", "GJAHR": "2026", "BLART": "DR", "BLDAT": "20260131",
            "BUDAT": "20260131", "STBLG": "19", "STJAH": "2026", "ZREVERSAL": "", "XBLNR": "B-1", "WAERS": "SGD",
            "WRBTR": "109.00"}  # fmt: skip
    back = head | {"BELNR": "19", "STBLG": "18", "ZREVERSAL": "X", "BLART": "AB", "BUDAT": "20260202"}
    tax = {"object": "BSET", "BUKRS": "SG01", "BELNR": "18", "GJAHR": "2026", "MWSKZ": "A9", "KBETR": "9.000",
           "FWBAS": "100.00", "FWSTE": "9.00"}  # fmt: skip
    entry = {"BUKRS": "SG01", "BELNR": "18", "GJAHR": "2026"}
    entries = [entry | {"KOART": "D", "WRBTR": "109.00", "DMBTR": "147.00", "MWSKZ": ""},
               entry | {"KOART": "S", "WRBTR": "9.00", "DMBTR": "12.13", "MWSKZ": "A9"}]  # fmt: skip
    lines = declared({"erp_legacy": {"document": [head, back], "line": [tax], "ledger": entries}}, Canon(),
                     Correlation())  # fmt: skip
    assert [(one.period, one.code, one.base, one.tax, one.local_base, one.local_tax) for one in totals(lines)] == [
        ("2026-01", "A9", 10_000, 900, 13_486, 1213), ("2026-02", "A9", -10_000, -900, -13_486, -1213),
    ]  # fmt: skip


def test_the_csv_has_plain_amounts_in_the_currencys_own_decimals(tmp_path: Path) -> None:
    write_taxes(tmp_path / "t.csv", cloud({}, {"object": "creditMemo", "currency": "USD", "total": "5000.05",
                                               "taxTotal": "0", "id": "=8"}))  # fmt: skip
    with (tmp_path / "t.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {(row["document"], row["base"], row["tax"], row["local_base"]) for row in rows} == {
        ("7", "1000", "90", "1000"), ("'=8", "-5000.05", "0.00", "-5000.05"),
    }  # fmt: skip
