"""Tax treatment by entity, ship-to, registration and tax point; master data judged with all findings at once."""

from datetime import date
from decimal import Decimal

import pytest

from synccore.domain.bills import Bill, BillLine
from synccore.domain.deals import Account, Address, Deal, DealLine
from synccore.domain.mappings import Entity, Item, TaxMap
from synccore.domain.posting import Unpostable, posting_lines
from synccore.domain.tax import Untaxable, rule_of_bill_line, treatment
from synccore.domain.validation import Catalogues, MasterData, findings
from tests.synccore.processes.flight import MAPPINGS

TODAY = date(2026, 1, 5)
US, SG = (TaxMap.model_validate(MAPPINGS["tax"][key]) for key in ("US", "SG"))
DE = TaxMap.model_validate({"rules": [
    {"country": "DE", "rate": 19}, {"country": "EU", "rate": 0, "reverse_charge": True}, {"country": "EU", "rate": 19},
    {"country": "*", "rate": 0},
]})  # fmt: skip
NEW_YORK = Address(city="new york", state="ny", country="US")


@pytest.mark.parametrize(("taxes", "address", "tax_id", "on", "expected"), [
    (US, NEW_YORK, "", TODAY, "8.875"),
    (US, Address(city="Albany", state="NY", country="United States"), "", TODAY, "0"),
    (US, Address(city="New York", country="US"), "", TODAY, "the account has no state"),
    (US, Address(city="New York", state="NY"), "", TODAY, "the account has no country"),
    (US, Address(country="Phillipines"), "", TODAY, "the country 'Phillipines'"),
    (US, Address(country="KE"), "", TODAY, "no tax rule covers KE"),
    (SG, Address(country="SG"), "", TODAY, "the account has no tax registration"),
    (SG, Address(country="SG"), "2019", TODAY, "9"),
    (SG, Address(country="SG"), "2019", date(2023, 12, 31), "8"),
    (DE, Address(country="Germany"), "DE811234567", TODAY, "19"),
    (DE, Address(country="FR"), "FR 83 404 833 048", TODAY, "0"),
    (DE, Address(country="FR"), "", TODAY, "19"),
    (DE, Address(country="FR"), "DE811234567", TODAY, "'DE811234567' is no valid VAT id of FR"),
    (DE, Address(country="GR"), "EL123456789", TODAY, "0"),
    (DE, Address(country="CH"), "CHE-123.456.788", TODAY, "0"),
])  # fmt: skip
def test_treatments(taxes: TaxMap, address: Address, tax_id: str, on: date, expected: str) -> None:
    found = treatment(taxes, address, tax_id, on)
    if isinstance(found, Untaxable):
        assert found.reason.startswith(expected)
    else:
        assert f"{found.rate}" == expected


def test_the_ledgers_code_follows_the_billed_rate_and_a_disagreement_is_refused() -> None:
    found = rule_of_bill_line(US, NEW_YORK, "", Decimal("8.875"), TODAY)
    assert not isinstance(found, Untaxable)
    assert found.cloud_code == "US-NYC-8.875"
    assert isinstance(rule_of_bill_line(US, NEW_YORK, "", Decimal(0), TODAY), Untaxable)
    assert rule_of_bill_line(US, NEW_YORK, "", Decimal(0), TODAY, free=True) == found
    without = rule_of_bill_line(SG, Address(), "", Decimal(8), TODAY)
    assert isinstance(without, Untaxable)  # the old rate is out of force


def _deal(*lines: tuple[str, int], **more: object) -> Deal:
    rows = tuple(
        DealLine(id=f"l{n}", sku=sku, quantity=Decimal(quantity), unit_price=100, total=100 * quantity)
        for n, (sku, quantity) in enumerate(lines)
    )
    account = Account(id="001A", name="Acme", entity="US", bill_to=NEW_YORK)
    given = {"account": account, "currency": "USD", **more}
    return Deal(id="006A", name="d", won=True, amount=1, closed_on=TODAY, lines=rows, **given)


def _kinds(deal: Deal, catalogues: Catalogues | None = None, **items: Item | None) -> list[str]:
    known = {sku: Item.model_validate(value) for sku, value in MAPPINGS["items"].items()}
    master = MasterData(Entity.model_validate(MAPPINGS["entities"]["US"]), US, {**known, **items})
    prices = {"platform-USD-yearly": {"currency_code": "USD"}, "onboarding-USD": {"currency_code": "USD"}}
    full = Catalogues(prices, {"SUB-PLATFORM": "1", "SVC-ONBOARD": "2"})
    return [finding.kind for finding in findings(deal, master, catalogues or full, TODAY)]


def test_a_sound_deal_has_no_findings() -> None:
    assert _kinds(_deal(("PLAT-ANNUAL", 10), ("ONBOARD", 1))) == []


@pytest.mark.parametrize(("deal", "expected"), [
    (_deal(), ["deal_incomplete"]),
    (_deal(("ONBOARD", 0)), ["deal_incomplete"]),
    (_deal(("NEW", 1)), ["unmapped_item"]),
    (_deal(("ONBOARD", 1), currency="EUR"), ["entity_mismatch"]),
    (_deal(("ONBOARD", 1), account=Account(id="1", name="x")), ["unknown_entity", "missing_tax_profile"]),
    (_deal(("NEW", 1), account=Account(id="1", name="x", entity="US")), ["missing_tax_profile", "unmapped_item"]),
])  # fmt: skip
def test_findings_come_all_at_once(deal: Deal, expected: list[str]) -> None:
    assert _kinds(deal) == expected


def test_milestones_are_of_one_product_in_new_business_without_a_plan() -> None:
    parted = Item(kind="charge", milestones=True, erp_item="SVC-ONBOARD")
    assert _kinds(_deal(("ONBOARD", 2)), ONBOARD=parted) == []
    assert _kinds(_deal(("ONBOARD", 2), kind="amendment"), ONBOARD=parted) == ["deal_incomplete"]
    assert _kinds(_deal(("PLAT-ANNUAL", 1), ("ONBOARD", 2)), ONBOARD=parted) == ["deal_incomplete"]
    assert _kinds(_deal(("ONBOARD", 2), ("BUILD", 1)), ONBOARD=parted, BUILD=parted) == ["deal_incomplete"]


def test_what_the_systems_lack_is_told_apart() -> None:
    lacking = Catalogues({"platform-USD-yearly": None}, {"SVC-ONBOARD": "2"})
    assert _kinds(_deal(("PLAT-ANNUAL", 1)), lacking) == ["price_missing", "erp_item_missing"]
    wrong = Catalogues({"onboarding-USD": {"currency_code": "EUR"}}, {"SVC-ONBOARD": "2"})
    assert _kinds(_deal(("ONBOARD", 1)), wrong) == ["price_missing"]


def _bill(*lines: BillLine, gross: int, round_off: int = 0) -> Bill:
    return Bill(
        id="US-1", customer_id="c", status="posted", issued_at=0, currency="USD", net=0, tax=0, gross=gross, due=gross,
        round_off=round_off, address=NEW_YORK, lines=lines,
    )  # fmt: skip


@pytest.mark.parametrize(("net", "tax", "rate", "gross", "round_off", "kind"), [
    (1000, 89, "8.875", 1089, 0, ""),
    (1000, 88, "8.875", 1088, 0, ""),  # a cent of rounding is the bill's own affair
    (1000, 80, "8.875", 1080, 0, "tax_mismatch"),
    (1000, 0, "0", 1000, 0, "tax_mismatch"),
    (1000, 89, "8.875", 1090, 0, "bill_inconsistent"),
    (1000, 89, "8.875", 1090, 1, ""),
])  # fmt: skip
def test_a_bill_is_posted_only_if_it_agrees_with_itself_and_the_tax_map(
    net: int, tax: int, rate: str, gross: int, round_off: int, kind: str
) -> None:
    line = BillLine(id="1", item_price="onboarding-USD", net=net, tax=tax, tax_rate=Decimal(rate))
    item = Item.model_validate(MAPPINGS["items"]["ONBOARD"])
    found = posting_lines(_bill(line, gross=gross, round_off=round_off), US, lambda _: ("ONBOARD", item), TODAY)
    assert (found.kind if isinstance(found, Unpostable) else "") == kind
