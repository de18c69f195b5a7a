"""Opportunities and their lines: stage decides probability and forecast, lines decide amount and price book."""

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import Any

from simulators.salesforce.errors import Problem
from simulators.salesforce.values import exact, number

Doc = dict[str, Any]
Stage = tuple[int, str, bool, bool]  # probability, forecast category, closed, won

CATEGORY_NAMES = {
    "Omitted": "Omitted", "Pipeline": "Pipeline", "BestCase": "Best Case", "MostLikely": "Commit",
    "Forecast": "Commit", "Closed": "Closed",
}  # fmt: skip
_CATEGORY_OF_NAME = {
    "Omitted": "Omitted", "Pipeline": "Pipeline", "Best Case": "BestCase", "Commit": "Forecast", "Closed": "Closed",
}  # fmt: skip
UNKNOWN_STAGE: Stage = (0, "Pipeline", False, False)  # StageName is not restricted: unknown ones are open, at 0 %


def stage_table(stages: Iterable[list[Any]]) -> dict[str, Stage]:
    """Stage settings by lower-case name."""
    return {row[0].lower(): (row[1], row[2], row[3], row[4]) for row in stages}


def derive(new: Doc, old: Doc | None, given: Collection[str], stages: Mapping[str, Stage], moment: str) -> None:
    """Fill what follows from stage, amount and close date; `given` are the fields that the client wrote."""
    probability, category, closed, won = stages.get(new["StageName"].lower(), UNKNOWN_STAGE)
    if old is None or old["StageName"] != new["StageName"]:
        if "Probability" not in given or new.get("Probability") is None:
            new["Probability"] = float(probability)
        if "ForecastCategoryName" not in given or new.get("ForecastCategoryName") is None:
            new["ForecastCategoryName"] = CATEGORY_NAMES[category]
        if old is not None:
            new["LastStageChangeDate"] = moment
    new["ForecastCategory"] = _CATEGORY_OF_NAME[new.get("ForecastCategoryName") or "Pipeline"]
    new["IsClosed"], new["IsWon"] = closed, won
    expect(new)


def expect(new: Doc) -> None:
    """ExpectedRevenue = Amount x Probability / 100."""
    if new.get("Amount") is None:
        new["ExpectedRevenue"] = None
    else:
        new["ExpectedRevenue"] = number(exact(new["Amount"]) * exact(new.get("Probability")) / 100, 2)


def keep_lines_in_charge(new: Doc, old: Doc) -> Problem | None:
    """With lines, Amount and quantity are theirs (what a client writes is ignored) and the price book stays."""
    if not old.get("HasOpportunityLineItem"):
        return None
    for name in ("Amount", "TotalOpportunityQuantity"):
        new[name] = old.get(name)
    for name in ("Pricebook2Id", "CurrencyIsoCode"):
        if new.get(name) != old.get(name):
            text = f"field integrity exception: {name} (cannot be changed while the opportunity has products)"
            return Problem("FIELD_INTEGRITY_EXCEPTION", text, (name,))
    return None


def roll_up(opportunity: Doc, lines: Iterable[Doc]) -> Doc:
    """The opportunity with Amount, quantity and the has-lines flag as its lines say."""
    amount, quantity, some = Decimal(0), Decimal(0), False
    for line in lines:
        some = True
        amount += exact(line.get("TotalPrice"))
        quantity += exact(line.get("Quantity"))
    new = {**opportunity, "HasOpportunityLineItem": some}
    if some:
        new |= {"Amount": number(amount, 2), "TotalOpportunityQuantity": number(quantity, 2)}
    expect(new)
    return new


def price_line(new: Doc, old: Doc | None, given: Collection[str]) -> Problem | None:
    """UnitPrice or TotalPrice, never both: the other follows, with Discount in percent; Subtotal is undiscounted."""
    by_unit = "UnitPrice" in given and new.get("UnitPrice") is not None
    by_total = "TotalPrice" in given and new.get("TotalPrice") is not None
    if by_unit and by_total:
        what = "update" if old else "insert"
        text = f"Cannot change both 'UnitPrice' and 'TotalPrice' in {what} call"
        return Problem("INVALID_FIELD", text, ("UnitPrice",))
    if new.get("UnitPrice") is None and new.get("TotalPrice") is None:
        return Problem("REQUIRED_FIELD_MISSING", "Required fields are missing: [TotalPrice]", ("TotalPrice",))
    quantity = exact(new["Quantity"])
    if quantity == 0:
        text = "field integrity exception: Quantity (cannot be zero)"
        return Problem("FIELD_INTEGRITY_EXCEPTION", text, ("Quantity",))
    keep = 1 - exact(new.get("Discount")) / 100
    if (by_total and not by_unit) or new.get("UnitPrice") is None:
        factor = quantity * keep
        new["UnitPrice"] = number(exact(new["TotalPrice"]) / factor, 2) if factor else 0.0
    else:
        new["TotalPrice"] = number(exact(new["UnitPrice"]) * quantity * keep, 2)
    new["Subtotal"] = number(exact(new["UnitPrice"]) * quantity, 2)
    return None


def fit_line(line: Doc, opportunity: Doc, entry: Doc) -> Problem | None:
    """A line's price must come from the opportunity's price book and currency."""
    if opportunity.get("Pricebook2Id") and entry["Pricebook2Id"] != opportunity["Pricebook2Id"]:
        text = (
            "field integrity exception: unknown (pricebook entry is in a different pricebook than the one assigned "
            "to the opportunity)"
        )
        return Problem("FIELD_INTEGRITY_EXCEPTION", text, ())
    if entry["CurrencyIsoCode"] != opportunity["CurrencyIsoCode"]:
        text = (
            "field integrity exception: PricebookEntryId (pricebook entry currency code does not match the "
            "opportunity's)"
        )
        return Problem("FIELD_INTEGRITY_EXCEPTION", text, ("PricebookEntryId",))
    if not entry.get("IsActive"):
        text = "field integrity exception: PricebookEntryId (pricebook entry has been inactivated.)"
        return Problem("FIELD_INTEGRITY_EXCEPTION", text, ("PricebookEntryId",))
    line["CurrencyIsoCode"] = opportunity["CurrencyIsoCode"]
    return None
