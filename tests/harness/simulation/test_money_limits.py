"""Money at its limits (F27): no and three decimals, the smallest unit, nothing, less than nothing, halves to round."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.money import exponent
from harness.scenario import read_story, worldfile
from harness.simulation import play
from simulators.kit.currencies import decimals
from simulators.salesforce import definition
from synccore.domain.money import EXPONENTS
from synccore.domain.money import exponent as core_exponent

WORLD = worldfile.WORLDS / "default.yaml"
HEAD = """
story: money-at-its-limits
title: money at its limits
world: limits
expect: {exceptions: [], dead_letters: 0, tie_out: holds, reconciliation: {breaks: []}}
steps:
  - customer: {id: hudson, name: Hudson Analytics, entity: US, country: US, state: NY, city: New York, street: 1 Broadway, zip: "10004", pays_by: transfer}
  - customer: {id: isar, name: Isar, entity: DE, country: DE, city: Munich, street: Marienplatz 1, zip: "80331", pays_by: transfer}
  - customer: {id: gulf, name: Gulf Trading, entity: DE, country: KW, city: Kuwait, street: Gulf Road 1, zip: "13001", pays_by: transfer}
  - customer: {id: merlion, name: Merlion Freight, entity: SG, country: SG, city: Singapore, street: 1 Raffles Place, zip: "048616", tax_id: 201912345K, pays_by: transfer}
  - customer: {id: sumida, name: Sumida, entity: SG, country: JP, city: Tokyo, street: 1-1 Sumida, zip: "130-0001", pays_by: transfer}
"""  # noqa: E501
PLAYED = {
    "three decimals in both ledgers": (
        "deal: {id: a, customer: gulf, currency: KWD, lines: [{sku: PLAT-ANNUAL, quantity: 5}, {sku: ONBOARD}]}",
        "deal: {id: b, customer: merlion, currency: KWD, lines: [{sku: PLAT-ANNUAL, quantity: 3}, {sku: ONBOARD}]}",
    ),
    "no decimals, and the smallest unit": (
        "deal: {id: a, customer: sumida, currency: JPY, lines: [{sku: PLAT-ANNUAL, quantity: 3, unit_price: 1}]}",
        "deal: {id: b, customer: merlion, currency: JPY, lines: [{sku: ONBOARD, unit_price: 50}]}",
    ),
    "halves": (
        "deal: {id: a, customer: hudson, lines: [{sku: ONBOARD, unit_price: 4.00}]}",
        "deal: {id: b, customer: isar, currency: EUR, lines: [{sku: ONBOARD, unit_price: 0.50}]}",
    ),
    "three decimals in both ledgers, half of the smallest unit": (
        "deal: {id: a, customer: gulf, currency: KWD, lines: [{sku: ONBOARD, unit_price: 0.01}]}",
        "deal: {id: b, customer: merlion, currency: KWD, lines: [{sku: ONBOARD, unit_price: 0.05}]}",
    ),
    "nothing for a line": (
        "deal: {id: a, customer: hudson, lines: [{sku: PLAT-ANNUAL, quantity: 2}, {sku: ONBOARD, unit_price: 0}]}",
        "deal: {id: b, customer: merlion, lines: [{sku: PLAT-ANNUAL, quantity: 2}, {sku: ONBOARD, unit_price: 0}]}",
    ),
}  # fmt: skip


def holds(*lines: str) -> None:
    """All judges hold after these steps, and nothing is anybody's to resolve."""
    result = play(read_story(HEAD + "".join(f"  - {one}\n" for one in lines)))
    assert result.outcome == "holds", "\n".join(result.findings)


def with_dinars() -> dict[str, Any]:
    """The default company, which sells in Kuwaiti dinars too: by the German entity and by the one in Singapore."""
    world: dict[str, Any] = yaml.safe_load(WORLD.read_text())
    world["world"] = "limits"
    seeds, mappings = world["seeds"], world["mappings"]
    book, prices = seeds["salesforce"]["PricebookEntry"], seeds["subscriptions"]["item_prices"]
    for product, sku, price in (("platform", "PLAT-ANNUAL", 3600120), ("onboarding", "ONBOARD", 50)):
        named = f"{product}-JPY-yearly" if product == "platform" else f"{product}-JPY"
        book += [row | {"CurrencyIsoCode": "KWD", "UnitPrice": price / 1000} for row in book
                 if row["Product2Id"] == f"@{product}" and row["CurrencyIsoCode"] == "JPY"]  # fmt: skip
        ours = named.replace("JPY", "KWD")
        prices += [row | {"id": ours, "name": ours, "currency_code": "KWD", "price": price} for row in prices
                   if row["id"] == named]  # fmt: skip
        mappings["items"][sku]["prices"]["KWD"] = ours
    for entity in ("DE", "SG"):
        mappings["entities"][entity]["currencies"].append("KWD")
    seeds["erp_cloud"]["currency"].append({"id": "5", "symbol": "KWD", "name": "Kuwaiti Dinar"})
    for system, home in (("erp_cloud", "EUR"), ("erp_legacy", "SGD")):
        seeds[system]["rates"].append({"from": "KWD", "to": home, "date": "2017-01-01", "rate": "3.0007"})
    return world


def third_decimal() -> definition.Raw:
    """The org with that currency too, and a third decimal in all its amounts: with two it could not hold the tax.

    What it works out of a deal has two decimals all the same: prices are such that none is lost.
    """
    raw = deepcopy(definition.load())
    raw["currencies"]["KWD"] = {"rate": 0.31, "decimals": 3}
    for spec in raw["objects"].values():
        for field in spec.get("fields", {}).values():
            if field.get("type") == "currency":
                field["scale"] = 3
    return raw


@pytest.fixture(scope="module", autouse=True)
def limits(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder: Path = tmp_path_factory.mktemp("worlds")
    (folder / "limits.yaml").write_text(yaml.safe_dump(with_dinars(), sort_keys=False))
    org = third_decimal()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worldfile, "WORLDS", folder)
        patch.setattr(definition, "load", lambda: org)
        yield


@pytest.mark.parametrize("name", PLAYED)
def test_the_books_agree_to_the_last_unit(name: str) -> None:
    lines = (*PLAYED[name], "close: [a, b]", "settle", "advance: 1d", "transfer: a", "transfer: b", "settle",
             "advance: 2d", "settle")  # fmt: skip
    holds(*lines)


def test_what_is_given_back_is_less_than_nothing() -> None:
    lines = (
        "deal: {id: a, customer: merlion, currency: KWD, lines: [{sku: PLAT-ANNUAL, quantity: 7}]}",
        "deal: {id: b, customer: sumida, currency: JPY, lines: [{sku: PLAT-ANNUAL, quantity: 7, unit_price: 1001}]}",
        "close: [a, b]", "settle", "advance: 2d",
        "deal: {id: less, type: amendment, of: a, customer: merlion, currency: KWD, lines: "
        "[{sku: PLAT-ANNUAL, quantity: -3}]}",
        "close: less", "settle", "advance: 3d", "settle",
    )  # fmt: skip
    holds(*lines)


def test_a_bill_for_nothing_is_booked_and_waits_for_nobody() -> None:
    """By the cloud ERP: the legacy one refuses a document without an amount, and finance is told."""
    holds(
        "deal: {id: a, customer: hudson, lines: [{sku: ONBOARD, unit_price: 0}]}",
        "deal: {id: b, customer: isar, lines: [{sku: ONBOARD, unit_price: 0.01}], currency: EUR}",
        "close: [a, b]", "settle", "advance: 3d", "settle",
    )  # fmt: skip


def test_judges_core_and_ledger_hold_the_same_true_of_decimals() -> None:
    for currency in (*EXPONENTS, "USD", "EUR", "SGD", "CHF"):
        assert exponent(currency) == core_exponent(currency) == decimals(currency), currency
