"""The tax report over both ledgers: against their own tax accounts, against the bills, and with planted faults."""

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from harness.canon import Canon, Correlation
from harness.report.taxes import write_taxes
from harness.runner import RunResult
from harness.scenario.lint import load_story
from harness.simulation.flight import play
from harness.tax_lines import TaxLine
from harness.taxes import declared, differences, totals

SCENARIOS = Path(__file__).parents[2] / "scenarios"
TAX_ACCOUNTS = {"2200", "0000175000"}
STORIES = {  # which ledgers declare something taxed in it
    "apac-cutover-items-moved": {"erp_cloud", "erp_legacy"}, "dual-run-month": {"erp_cloud", "erp_legacy"},
    "tax-rate-change": {"erp_legacy"}, "clerk-corrects-next-morning": {"erp_legacy"},
    "deal-reopened": {"erp_cloud"},
}  # fmt: skip


@pytest.fixture(scope="module", params=STORIES)
def flown(request: pytest.FixtureRequest) -> RunResult:
    return play(load_story(SCENARIOS / f"{request.param}.yaml"), "21", replay=False)


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
