"""The seeded company in the subscription platform: the contract that each customer's last won deal has led to.

The rows are those of an import (`harness.load.contracts`), so that they may as well be written to a file. They name
the accounts and deals of the same seed in Salesforce by the fields by which the core knows its own.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime

from harness.canon import Correlation
from harness.load.contracts import Poster, import_rows
from harness.money import minor
from harness.seeding.customers import Customer, Deal, customer, deals_of, key_of
from harness.seeding.salesforce import CHUNK, Progress, Reader

YEARLY = "PLAT-ANNUAL"
Ids = Mapping[str, str]  # key of an account or deal -> its Salesforce id


async def seed_platform(
    reader: Reader, poster: Poster, customers: int, seed: str, today: date, progress: Progress
) -> dict[str, int]:
    """Import the contracts of a company that is in Salesforce; how many customers and subscriptions were made.

    Raises ValueError with the platform's words about the first row that it refuses.
    """
    names, prefix = Correlation(), key_of(seed, 0).partition("-")[0]
    ids = {
        row[field]: row["Id"] for kind, field in (("Account", "AccountNumber"), ("Opportunity", "External_Id__c"))
        for row in await reader.query(f"SELECT Id, {field} FROM {kind} WHERE {field} LIKE '{prefix}-%'")
    }  # fmt: skip
    made = {"platform customers": 0, "platform subscriptions": 0}
    for start in range(0, customers, CHUNK):
        end = min(start + CHUNK, customers)
        done = await import_rows(poster, rows_of(seed, range(start, end), today, ids, names))
        if done.refused:
            raise ValueError(f"the platform refused {done.refused[0]}")
        made["platform customers"] += done.customers
        made["platform subscriptions"] += done.subscriptions
        progress(end, customers)
    return made


def contract_of(seed: str, who: Customer, today: date) -> Deal | None:
    """The won deal whose contract the customer has, or had last; None for a prospect."""
    won = [deal for deal in deals_of(seed, who, today) if deal.won]
    return won[-1] if won else None


def rows_of(seed: str, numbers: range, today: date, ids: Ids, names: Correlation) -> Iterator[dict[str, str]]:
    """One row for each customer of these numbers that ever bought; one without a Salesforce id is left out."""
    for number in numbers:
        who = customer(seed, number, today)
        deal = contract_of(seed, who, today)
        if deal is not None and who.key in ids and deal.key in ids:
            yield {**_customer(who, ids, names), **_subscription(deal, today, ids, names)}


def _customer(who: Customer, ids: Ids, names: Correlation) -> dict[str, str]:
    market = who.market
    row = {
        "id": who.key, "company": who.name, "business_entity_id": market.entity, names.account_field: ids[who.key],
        "preferred_currency_code": market.currency, "auto_collection": "off", "net_term_days": "30",
        "billing_address][line1": f"{who.number % 900 + 1} Market Street", "billing_address][city": market.city,
        "billing_address][state_code": market.state, "billing_address][zip": market.postal_code,
        "billing_address][country": market.country, "vat_number": who.vat_id,
    }  # fmt: skip
    if who.people:
        first = who.people[0]
        row |= {"first_name": first.given, "last_name": first.family, "email": first.email}
    return {f"customer[{name}]": value for name, value in row.items() if value}


def _subscription(deal: Deal, today: date, ids: Ids, names: Correlation) -> dict[str, str]:
    """Running in its present year, to come, or over."""
    years = deal.term_months // 12
    line = next(one for one in deal.lines if one.sku == YEARLY)
    row = {
        "id": deal.key, names.deal_field: ids[deal.key],
        "subscription_items][item_price_id][0": f"platform-{deal.currency}-yearly",
        "subscription_items][quantity][0": str(line.quantity),
        "subscription_items][unit_price][0": str(minor(line.price, deal.currency)),
    }  # fmt: skip
    ends = _year_on(deal.starts_on, years)
    if deal.starts_on > today:
        row |= {"status": "future", "start_date": _noon(deal.starts_on)}
    elif ends <= today:
        row |= {"status": "cancelled", "started_at": _noon(deal.starts_on), "cancelled_at": _noon(ends)}
    else:
        gone = next(year for year in range(years) if _year_on(deal.starts_on, year + 1) > today)
        begun, over = _year_on(deal.starts_on, gone), _year_on(deal.starts_on, gone + 1)
        row |= {
            "status": "active", "started_at": _midnight(deal.starts_on), "current_term_start": _midnight(begun),
            "current_term_end": str(int(_midnight(over)) - 1), "contract_term][billing_cycle": str(years),
            "contract_term][contract_start": _midnight(deal.starts_on), "contract_term][action_at_term_end": "renew",
        }  # fmt: skip
    return {f"subscription[{name}]": value for name, value in row.items()}


def _year_on(day: date, years: int) -> date:
    return day.replace(year=day.year + years)  # always the first of a month


def _midnight(day: date) -> str:
    return str(int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()))


def _noon(day: date) -> str:
    return str(int(_midnight(day)) + 43_200)
