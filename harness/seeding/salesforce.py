"""The seeded company in Salesforce: rows in the org's own field names, and how they get there, family by family."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any, Protocol

from harness.seeding.customers import CATALOG, FAMILY, Customer, Deal, customer, deals_of, key_of, rep_count
from harness.world import World

CHUNK = 20 * FAMILY  # customers in one call; whole families, so that a parent is never in another call
BOOKS = ("Enterprise", "Partner")  # price books beside the standard one
CURRENCIES = ("USD", "SGD", "EUR", "JPY")

Row = dict[str, Any]
Prices = Mapping[tuple[str, str], str]  # (sku, currency) -> id of the standard price book's entry
Progress = Callable[[int, int], None]  # customers made, of how many


class Reader(Protocol):
    """What seeding needs of a Salesforce client."""

    async def query(self, soql: str) -> list[dict[str, Any]]:
        """All rows of a query."""
        ...


async def seed_salesforce(
    world: World, reader: Reader, customers: int, seed: str, today: date, progress: Progress = lambda _done, _of: None
) -> dict[str, int]:
    """Put the company into the org that `world` has; returns how many of each object were made.

    Products, entries, books and account executives that are there already are used; customers of this seed must not
    be there. ValueError says so, and what else the org would not take.
    """
    first = key_of(seed, 0)
    if await reader.query(f"SELECT Id FROM Account WHERE AccountNumber = '{first}' LIMIT 1"):
        raise ValueError(f"the customers of seed {seed} are there already ({first} is): take another seed")
    made: dict[str, int] = {}

    async def load(rows: Mapping[str, list[Row]]) -> None:
        counts = await world.control("salesforce", "POST", "/_control/seed", {k: v for k, v in rows.items() if v})
        for name, count in counts.items():
            made[name] = made.get(name, 0) + count

    await load(await _set_up(reader, customers))
    prices = {
        (row["Product2"]["ProductCode"], row["CurrencyIsoCode"]): row["Id"]
        for row in await reader.query(
            "SELECT Id, CurrencyIsoCode, Product2.ProductCode FROM PricebookEntry WHERE Pricebook2.IsStandard = true"
        )
    }
    for start in range(0, customers, CHUNK):
        end = min(start + CHUNK, customers)
        await load(rows_of(seed, range(start, end), today, prices))
        progress(end, customers)
    return made


async def _set_up(reader: Reader, customers: int) -> dict[str, list[Row]]:
    """What all customers share and the org lacks: account executives, products, prices, price books."""
    users = {row["Username"] for row in await reader.query("SELECT Username FROM User")}
    products = {row["ProductCode"]: row["Id"] for row in await reader.query("SELECT Id, ProductCode FROM Product2")}
    books = {row["Name"]: row["Id"] for row in await reader.query("SELECT Id, Name FROM Pricebook2")}
    priced = {
        (row["Product2Id"], row["Pricebook2Id"], row["CurrencyIsoCode"])
        for row in await reader.query("SELECT Product2Id, Pricebook2Id, CurrencyIsoCode FROM PricebookEntry")
    }
    standard = (await reader.query("SELECT Id FROM Pricebook2 WHERE IsStandard = true"))[0]["Id"]
    rows: dict[str, list[Row]] = {"User": [], "Product2": [], "Pricebook2": [], "PricebookEntry": []}
    rows["User"] = [
        {"Username": rep(number), "LastName": f"Executive {number + 1:03d}", "FirstName": "Account",
         "Alias": f"ae{number + 1:03d}"[:8], "Email": rep(number), "Title": "Account Executive"}
        for number in range(rep_count(customers)) if rep(number) not in users
    ]  # fmt: skip
    for product in CATALOG:
        known = products.get(product.sku)
        if known is None:
            rows["Product2"].append({"@": product.sku, "Name": product.name, "ProductCode": product.sku,
                                     "IsActive": True})  # fmt: skip
    for name in BOOKS:
        if name not in books:
            rows["Pricebook2"].append({"@": name, "Name": name, "IsActive": True})
    shelves = {"": standard, **{name: books.get(name, f"@{name}") for name in BOOKS}}
    for share, (_, book) in zip((100, 90, 75), shelves.items(), strict=True):
        for product in CATALOG:
            item = products.get(product.sku, f"@{product.sku}")
            rows["PricebookEntry"] += [
                {"Pricebook2Id": book, "Product2Id": item, "CurrencyIsoCode": currency, "IsActive": True,
                 "UnitPrice": float(product.prices[currency] * share / 100)}
                for currency in CURRENCIES if (item, book, currency) not in priced
            ]  # fmt: skip
    return rows


def rep(number: int) -> str:
    """User name of an account executive."""
    return f"ae{number + 1:03d}@windtunnel.example"


def rows_of(seed: str, numbers: range, today: date, prices: Prices) -> dict[str, list[Row]]:
    """The rows of some customers (whole families) with their contacts, deals and lines."""
    rows: dict[str, list[Row]] = {"Account": [], "Contact": [], "Opportunity": [], "OpportunityLineItem": []}
    for number in numbers:
        who = customer(seed, number, today)
        rows["Account"].append(_account(who))
        rows["Contact"] += _contacts(who)
        for deal in deals_of(seed, who, today):
            rows["Opportunity"].append(_opportunity(who, deal))
            rows["OpportunityLineItem"] += _lines(deal, prices)
    return rows


def _account(who: Customer) -> Row:
    market = who.market
    row: Row = {
        "@": who.key, "Name": who.name, "AccountNumber": who.key, "Industry": who.industry, "Type": "Customer - Direct",
        "NumberOfEmployees": who.employees, "CurrencyIsoCode": market.currency, "Selling_Entity__c": market.entity,
        "BillingStreet": f"{who.number % 900 + 1} Market Street", "BillingCity": market.city,
        "BillingPostalCode": market.postal_code, "BillingCountry": market.country,
        "Owner": {"Username": rep(who.rep)}, "CreatedDate": f"{who.since.isoformat()}T09:00:00.000Z",
    }  # fmt: skip
    optional = {"BillingState": market.state, "Tax_Id__c": who.vat_id,
                "ParentId": f"@{key_of(who.seed, who.parent)}" if who.parent is not None else ""}  # fmt: skip
    return row | {name: value for name, value in optional.items() if value}


def _contacts(who: Customer) -> Iterator[Row]:
    for person in who.people:
        yield {
            "AccountId": f"@{who.key}", "FirstName": person.given, "LastName": person.family, "Title": person.title,
            "Email": person.email, "CurrencyIsoCode": who.market.currency,
        }  # fmt: skip


def _opportunity(who: Customer, deal: Deal) -> Row:
    row: Row = {
        "@": deal.key, "AccountId": f"@{who.key}", "Name": deal.name, "StageName": deal.stage, "Type": deal.kind,
        "CloseDate": deal.closes_on.isoformat(), "CurrencyIsoCode": deal.currency, "External_Id__c": deal.key,
        "Amount": float(deal.amount), "Owner": {"Username": rep(who.rep)},
        "CreatedDate": f"{deal.created_on.isoformat()}T09:00:00.000Z",
    }  # fmt: skip
    if deal.lines:
        row |= {"Contract_Start_Date__c": deal.starts_on.isoformat(), "Contract_Term_Months__c": deal.term_months,
                "Payment_Method__c": deal.pays_by}  # fmt: skip
    return row


def _lines(deal: Deal, prices: Prices) -> Iterator[Row]:
    for line in deal.lines:
        yield {
            "OpportunityId": f"@{deal.key}", "PricebookEntryId": prices[line.sku, deal.currency],
            "Quantity": line.quantity, "UnitPrice": float(line.price),
        }  # fmt: skip
