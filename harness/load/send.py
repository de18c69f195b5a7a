"""Send a load plan to Salesforce through its own collections API, in chunks, all or none each."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from harness.load.plan import LoadPlan, Record

CHUNK = 200  # the vendor's cap on a collection


class Sales(Protocol):
    """What loading needs of a Salesforce client."""

    async def create_many(self, kind: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """Create up to 200 records, all or none; their ids in order."""
        ...

    async def query(self, soql: str) -> list[dict[str, Any]]:
        """All rows of a query."""
        ...


@dataclass(frozen=True)
class LoadedDeal:
    """An opportunity that was loaded open: its id here, and the day on which the export closed it."""

    key: str
    opportunity_id: str
    account_id: str
    closes_on: str


@dataclass
class Loaded:
    """What a load made, by the export's own names."""

    accounts: dict[str, str] = field(default_factory=dict)
    products: dict[str, str] = field(default_factory=dict)
    deals: list[LoadedDeal] = field(default_factory=list)


Progress = Callable[[str, int, int], None]  # (what, done, of)


async def already_there(plan: LoadPlan, sales: Sales) -> list[str]:
    """External ids of this plan's deals that Salesforce has: then the export was loaded before."""
    names = [str(name) for record in plan.opportunities if (name := record.fields.get("External_Id__c"))]
    found: list[str] = []
    for _, chunk in _chunks(names):
        listed = ", ".join("'" + name.replace("\\", "\\\\").replace("'", "\\'") + "'" for name in chunk)
        rows = await sales.query(f"SELECT External_Id__c FROM Opportunity WHERE External_Id__c IN ({listed})")
        found += [str(row["External_Id__c"]) for row in rows]
    return found


async def send_plan(plan: LoadPlan, sales: Sales, progress: Progress = lambda _what, _done, _of: None) -> Loaded:
    """Make accounts, products with a standard price, opportunities and their lines; returns their ids."""
    loaded = Loaded()
    loaded.accounts = await _create(sales, "Account", plan.accounts, {}, progress)
    loaded.products = await _create(sales, "Product2", plan.products, {"IsActive": True}, progress)
    entries = await _price_entries(plan, sales, loaded)
    by_key: dict[str, Record] = {record.key: record for record in plan.opportunities}
    fixed = {"CurrencyIsoCode": plan.currency}
    ids = await _create(sales, "Opportunity", _with_accounts(plan, loaded), fixed, progress)
    lines = [
        {
            "OpportunityId": ids[key],
            "PricebookEntryId": entries[record.line[0]],
            "Quantity": float(record.line[1]),
            "UnitPrice": float(record.line[2]),
        }
        for key, record in by_key.items()
        if record.line is not None
    ]
    for done, chunk in _chunks(lines):
        await sales.create_many("OpportunityLineItem", chunk)
        progress("OpportunityLineItem", done, len(lines))
    for key, record in by_key.items():
        account = loaded.accounts[record.lookups["AccountId"][1]]
        loaded.deals.append(LoadedDeal(key, ids[key], account, str(record.fields["CloseDate"])))
    loaded.deals.sort(key=lambda deal: (deal.closes_on, deal.key))
    return loaded


async def _create(
    sales: Sales, kind: str, records: Sequence[Record], fixed: Mapping[str, Any], progress: Progress
) -> dict[str, str]:
    made: dict[str, str] = {}
    for done, chunk in _chunks(records):
        ids = await sales.create_many(kind, [{**record.fields, **fixed} for record in chunk])
        made.update(zip((record.key for record in chunk), ids, strict=True))
        progress(kind, done, len(records))
    return made


def _with_accounts(plan: LoadPlan, loaded: Loaded) -> list[Record]:
    owners = {"account": loaded.accounts, "product": loaded.products}
    return [
        Record(
            record.key,
            record.fields | {name: owners[what][key] for name, (what, key) in record.lookups.items()},
            line=record.line,
        )
        for record in plan.opportunities
    ]


async def _price_entries(plan: LoadPlan, sales: Sales, loaded: Loaded) -> dict[str, str]:
    """A standard price for every product: the median price of its deals stands in for a list price."""
    book = (await sales.query("SELECT Id FROM Pricebook2 WHERE IsStandard = true"))[0]["Id"]
    prices: dict[str, list[float]] = {key: [] for key in loaded.products}
    for record in plan.opportunities:
        if record.line is not None:
            prices[record.line[0]].append(float(record.line[2]))
    rows = [
        {
            "Pricebook2Id": book,
            "Product2Id": product,
            "UnitPrice": sorted(prices[key])[len(prices[key]) // 2] if prices[key] else 0.0,
            "CurrencyIsoCode": plan.currency,
            "IsActive": True,
        }
        for key, product in loaded.products.items()
    ]
    entries: dict[str, str] = {}
    keys = list(loaded.products)
    for done, chunk in _chunks(rows):
        ids = await sales.create_many("PricebookEntry", chunk)
        entries.update(zip(keys[done - len(chunk) : done], ids, strict=True))
    return entries


def _chunks(rows: Sequence[Any]) -> Iterator[tuple[int, Sequence[Any]]]:
    for start in range(0, len(rows), CHUNK):
        chunk = rows[start : start + CHUNK]
        yield start + len(chunk), chunk
