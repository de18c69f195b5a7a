"""The pure rules: prices, taxes, terms, proration, credits, and the identity of an invoice's amounts."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.subscriptions import rules_credit, rules_invoice, rules_price, rules_proration, rules_tax
from simulators.subscriptions.rules_tax import Treatment, treatment
from simulators.subscriptions.rules_terms import Calendar


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


TIERS = [{"starting_unit": 1, "ending_unit": 100, "price": 10}, {"starting_unit": 101, "price": 5}]
STAIRS = [
    {"starting_unit": 1, "ending_unit": 100, "price": 1000},
    {"starting_unit": 101, "ending_unit": 500, "price": 4000},
]


@pytest.mark.parametrize(
    ("price", "quantity", "amount"),
    [
        ({"pricing_model": "flat_fee", "price": 990}, 7, 990),
        ({"pricing_model": "per_unit", "price": 100}, 7, 700),
        ({"pricing_model": "per_unit", "price": 100, "free_quantity": 5}, 7, 200),
        ({"pricing_model": "per_unit", "price": 100, "free_quantity": 9}, 7, 0),
        ({"pricing_model": "tiered", "tiers": TIERS}, 150, 1250),
        ({"pricing_model": "volume", "tiers": TIERS}, 150, 750),
        ({"pricing_model": "stairstep", "tiers": STAIRS}, 150, 4000),
        ({"pricing_model": "tiered", "tiers": TIERS}, 0, 0),
        ({"pricing_model": "volume",
          "tiers": [{"starting_unit": 1, "price": 30, "pricing_type": "package", "package_size": 10}]}, 21, 90),
    ],
)  # fmt: skip
def test_a_quantity_is_rated_by_its_pricing_model(price: dict[str, Any], quantity: int, amount: int) -> None:
    assert rules_price.rate(price, quantity).amount == amount


def test_tiers_follow_each_other_without_a_gap() -> None:
    assert rules_price.tier_gap(TIERS) is None
    assert rules_price.tier_gap([{"starting_unit": 2, "price": 1}]) == 0
    assert rules_price.tier_gap([{**TIERS[0], "ending_unit": 99}, TIERS[1]]) == 1


def test_recurring_revenue_is_normalised_to_a_month() -> None:
    assert rules_price.monthly(1_200_000, 1, "year") == 100_000
    assert rules_price.monthly(300, 3, "month") == 100


# -- taxes -------------------------------------------------------------------------------------

US = [
    {"country": "US", "state": "NY", "city": "New York", "rate": "8.875", "name": "NYC"},
    {"country": "US", "rate": "0", "name": "none", "exempt_reason": "region_non_taxable"},
]
SG = [
    {"country": "SG", "rate": "8", "name": "GST", "valid_to": "2023-12-31"},
    {"country": "SG", "rate": "9", "name": "GST", "valid_from": "2024-01-01"},
    {"country": "*", "rate": "0", "name": "GST", "exempt_reason": "zero_rated"},
]
DE = [{"country": "DE", "rate": "19", "name": "USt"}]
EU = [
    *DE,
    {"country": "EU", "rate": "19", "name": "USt"},
    {"country": "*", "rate": "0", "name": "-", "exempt_reason": "export"},
]


@pytest.mark.parametrize(
    ("rules", "home", "address", "vat", "day", "expected"),
    [
        (US, "US", {"country": "US", "state_code": "NY", "city": "new york"}, None, "2026-01-05", ("8.875", None)),
        (US, "US", {"country": "US", "state_code": "NY", "city": "Albany"}, None, "2026-01-05",
         ("0", "region_non_taxable")),
        (US, "US", {"country": "CA"}, None, "2026-01-05", ("0", "export")),
        (SG, "SG", {"country": "SG"}, None, "2023-12-31", ("8", None)),
        (SG, "SG", {"country": "SG"}, None, "2024-01-01", ("9", None)),
        (SG, "SG", {"country": "JP"}, None, "2026-01-05", ("0", "zero_rated")),
        (DE, "DE", {"country": "DE"}, "DE123456789", "2026-01-05", ("19", None)),
        (DE, "DE", {"country": "FR"}, "FR12345678901", "2026-01-05", ("0", "reverse_charge")),
        (DE, "DE", {"country": "FR"}, "FR123", "2026-01-05", ("0", "export")),
        (EU, "DE", {"country": "FR"}, "FR123", "2026-01-05", ("19", None)),
        (EU, "DE", {"country": "CH"}, None, "2026-01-05", ("0", "export")),
        ([], None, {"country": "US"}, None, "2026-01-05", ("0", "tax_not_configured")),
        (US, "US", {}, None, "2026-01-05", ("0", "region_non_taxable")),
    ],
)  # fmt: skip
def test_the_issuer_taxes_by_place_number_and_date(
    rules: Any, home: str | None, address: Any, vat: str | None, day: str, expected: tuple[str, str | None]
) -> None:
    found = treatment(rules, home, address, vat, day)
    assert (found.rate, found.reason) == (Decimal(expected[0]), expected[1])


def lines_of(*amounts: int) -> list[dict[str, Any]]:
    return [{"id": f"li_{index}", "amount": amount} for index, amount in enumerate(amounts)]


def test_rounding_per_line_and_per_invoice_differ_by_the_round_off() -> None:
    nyc = Treatment(Decimal("8.875"), "NYC")
    per_line, per_invoice = {"line_items": lines_of(333, 333, 333)}, {"line_items": lines_of(333, 333, 333)}
    for document, rounding in ((per_line, "per_line"), (per_invoice, "per_invoice")):
        taxed = rules_invoice.tax_lines(document["line_items"], [nyc] * 3, rounding)
        rules_invoice.total_up(document, taxed)  # type: ignore[arg-type]
    # 333 x 8.875 % = 29.55375: each line rounds to 30; 88.66125 rounds once to 89
    assert (per_line["tax"], per_line["round_off_amount"], per_line["total"]) == (90, 0, 1089)
    assert (per_invoice["tax"], per_invoice["round_off_amount"], per_invoice["total"]) == (90, -1, 1088)


# -- terms -------------------------------------------------------------------------------------


def test_a_term_that_begins_on_the_31st_keeps_its_anchor() -> None:
    calendar = Calendar()
    start = at("2026-01-31T09:30:00")
    found = [start]
    for _ in range(4):
        found.append(calendar.add(found[-1], 1, "month", 31))
    days = [calendar.local(each).date().isoformat() for each in found]
    assert days == ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]


def test_a_leap_day_comes_back() -> None:
    calendar = Calendar()
    once = calendar.add(at("2028-02-29T00:00:00"), 1, "year", 29)
    assert calendar.local(once).date().isoformat() == "2029-02-28"
    assert calendar.local(calendar.add(once, 3, "year", 29)).date().isoformat() == "2032-02-29"


def test_whole_days_run_from_midnight_to_the_last_second_of_the_site_zone() -> None:
    calendar = Calendar("Asia/Singapore", whole_days=True)
    start = calendar.term_start(at("2026-01-05T17:00:00"))  # 01:00 on the 6th in Singapore
    assert start == at("2026-01-05T16:00:00")
    assert calendar.last_second(calendar.add(start, 1, "year", 6)) == at("2027-01-05T15:59:59")


def test_a_day_of_23_hours_is_a_day() -> None:
    calendar = Calendar("Europe/Berlin", whole_days=True)
    start, end = calendar.term_start(at("2026-03-28T12:00:00")), calendar.term_start(at("2026-03-31T12:00:00"))
    assert calendar.days_between(start, end) == 3
    assert end - start == 3 * 86_400 - 3_600


@given(st.integers(0, 2_000_000_000), st.integers(1, 40), st.sampled_from(["day", "week", "month", "year"]))
def test_one_step_of_many_months_equals_many_steps_of_one(start: int, count: int, unit: str) -> None:
    calendar = Calendar("Europe/Berlin", whole_days=True)
    start = calendar.term_start(start)
    anchor, stepped = calendar.anchor_day(start), start
    for _ in range(count):
        stepped = calendar.add(stepped, 1, unit, anchor)
    assert stepped == calendar.add(start, count, unit, anchor) > start


# -- proration ---------------------------------------------------------------------------------


def test_seats_up_and_down_in_mid_term() -> None:
    calendar = Calendar(whole_days=True)
    share = rules_proration.rest_of_term(
        calendar, at("2026-01-01T00:00:00"), at("2027-01-01T00:00:00"), at("2026-04-11T15:00:00")
    )
    assert (share.left, share.whole) == (265, 365)
    up = rules_proration.change(share, 120_000, 180_000)
    assert (up.credit, up.charge, up.net) == (87_123, 130_685, 43_562)
    down = rules_proration.change(share, 180_000, 144_000)
    assert (down.credit, down.charge, down.net) == (130_685, 104_548, -26_137)


def test_without_proration_an_upgrade_is_charged_in_full_and_a_downgrade_credits_nothing() -> None:
    share = rules_proration.Share(1, 2)
    assert rules_proration.change(share, 100, 300, prorate=False).net == 300
    assert rules_proration.change(share, 300, 100, prorate=False).net == 0


# -- arithmetic --------------------------------------------------------------------------------


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**6), min_size=1, max_size=8))
def test_shares_sum_to_what_was_shared(total: int, weights: list[int]) -> None:
    shares = rules_credit.spread(total, weights)
    assert sum(shares) == total and len(shares) == len(weights) and all(share >= 0 for share in shares)


@given(st.integers(0, 10**9), st.sampled_from(["0", "9", "19", "8.875"]))
def test_net_and_tax_make_up_the_gross(gross: int, rate: str) -> None:
    net, tax = rules_credit.net_and_tax(gross, Decimal(rate))
    assert net + tax == gross
    assert abs(Decimal(net) * Decimal(rate) / 100 - tax) <= 1


ISSUED: dict[str, Any] = {
    "status": "posted", "due_date": 100, "adjustment_credit_notes": [], "issued_credit_notes": [],
}  # fmt: skip


@given(
    st.integers(1, 10**6), st.lists(st.integers(1, 10**6), max_size=5), st.lists(st.booleans(), min_size=5, max_size=5),
    st.integers(0, 200),
)  # fmt: skip
def test_the_identity_of_amounts_holds(total: int, parts: list[int], won: list[bool], now: int) -> None:
    invoice: dict[str, Any] = {**ISSUED, "total": total, "linked_payments": [], "applied_credits": []}
    rules_invoice.rebalance(invoice, now)
    for part, good in zip(parts, won, strict=False):
        amount = min(part, invoice["amount_due"])
        if good and amount:
            invoice["linked_payments"].append({"applied_amount": amount, "txn_status": "success"})
        elif amount:
            invoice["applied_credits"].append({"applied_amount": amount})
        rules_invoice.rebalance(invoice, now)
        spent = invoice["amount_paid"] + invoice["credits_applied"] + invoice["amount_adjusted"]
        assert invoice["amount_due"] == total - spent >= 0
        assert (invoice["status"] == "paid") == (invoice["amount_due"] == 0)
    if invoice["amount_due"]:
        assert invoice["status"] == ("posted" if now < 100 else "payment_due")


def test_vat_numbers_are_judged_by_form_alone() -> None:
    assert rules_tax.vat_number_status("DE123456789", "DE") == "valid"
    assert rules_tax.vat_number_status("FR123456789", "DE") == "invalid"
    assert rules_tax.vat_number_status("53-0196605", "US") == "undetermined"
