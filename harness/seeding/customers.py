"""The customers of a seeded company: each is a function of (seed, number) alone, whatever else is made.

`customer(seed, n, today)` and `deals_of(seed, customer, today)` say the same in every process, so that other systems'
books can be made in step with Salesforce's: the same seed gives the same customers, deals and prices.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random

FAMILY = 10  # customers n..n+9 form a group: some of them are subsidiaries of an earlier one of it
HISTORY_DAYS, AHEAD_DAYS = 730, 180  # two fiscal years behind us, half a year before us
REPS_PER = 400  # customers for each account executive


@dataclass(frozen=True)
class Market:
    """A place to sell to: how often, by which selling entity, in which currency."""

    weight: int
    country: str
    city: str
    state: str
    postal_code: str
    currency: str
    entity: str
    form: str
    vat: str = ""


MARKETS = (
    Market(30, "US", "New York", "NY", "10004", "USD", "US", "Inc"),
    Market(18, "US", "Austin", "TX", "78701", "USD", "US", "LLC"),
    Market(14, "DE", "Berlin", "BE", "10115", "EUR", "DE", "GmbH", "DE"),
    Market(8, "FR", "Lyon", "", "69002", "EUR", "DE", "SAS", "FR"),
    Market(16, "SG", "Singapore", "", "048616", "SGD", "SG", "Pte Ltd"),
    Market(8, "AU", "Sydney", "NSW", "2000", "SGD", "SG", "Pty Ltd"),
    Market(6, "JP", "Osaka", "", "530-0001", "JPY", "SG", "KK"),
)


@dataclass(frozen=True)
class Product:
    """What is sold, with its list price by currency; `yearly` ones are sold by the seat for a term."""

    sku: str
    name: str
    prices: dict[str, Decimal]
    yearly: bool


CATALOG = (
    Product("PLAT-ANNUAL", "Platform (seat per year)",
            {"USD": Decimal(12000), "SGD": Decimal(16000), "EUR": Decimal(11000), "JPY": Decimal(1800000)}, True),
    Product("ONBOARD", "Onboarding service",
            {"USD": Decimal(5000), "SGD": Decimal(5000), "EUR": Decimal(4500), "JPY": Decimal(550000)}, False),
)  # fmt: skip

_FIRST = (
    "Alder", "Amber", "Apex", "Aster", "Birch", "Blue Harbor", "Bright", "Canyon", "Cedar", "Cobalt", "Coral", "Crest",
    "Delta", "Eastgate", "Ember", "Fairview", "Falcon", "Granite", "Harbor", "Hazel", "Hudson", "Indigo", "Ironwood",
    "Juniper", "Kestrel", "Lakeside", "Lantern", "Larch", "Magnolia", "Maple", "Meridian", "Northwind", "Oakridge",
    "Onyx", "Orchard", "Pinnacle", "Quarry", "Redwood", "Ridge", "Riverbend", "Saffron", "Sequoia", "Silverline",
    "Sparrow", "Summit", "Tamarack", "Thornton", "Umber", "Valley", "Verdant", "Westbrook", "Willow", "Windward",
)  # fmt: skip
_SECOND = (
    "Analytics", "Biotech", "Capital", "Dynamics", "Energy", "Foods", "Freight", "Health", "Holdings", "Industries",
    "Insurance", "Labs", "Logistics", "Manufacturing", "Media", "Networks", "Partners", "Pharma", "Retail", "Robotics",
    "Software", "Systems", "Textiles", "Utilities", "Ventures", "Works",
)  # fmt: skip
_INDUSTRIES = {
    "Biotech": "Biotechnology", "Pharma": "Biotechnology", "Capital": "Finance", "Insurance": "Insurance",
    "Energy": "Energy", "Foods": "Food & Beverage", "Freight": "Transportation", "Logistics": "Shipping",
    "Health": "Healthcare", "Manufacturing": "Manufacturing", "Media": "Media", "Retail": "Retail",
    "Textiles": "Apparel", "Utilities": "Utilities", "Networks": "Telecommunications",
}  # fmt: skip
_GIVEN = ("Ada", "Ben", "Chloe", "Dana", "Emil", "Fatima", "Grace", "Hiro", "Ines", "Jonas", "Kofi", "Lena", "Marco",
          "Nadia", "Omar", "Priya", "Rosa", "Stefan", "Tariq", "Yuki")  # fmt: skip
_FAMILY = ("Abbott", "Brandt", "Castillo", "Dubois", "Eriksen", "Fischer", "Garcia", "Hayashi", "Ivanov", "Jensen",
           "Kowalski", "Lindqvist", "Moreau", "Nguyen", "Okafor", "Patel", "Rossi", "Schmidt", "Tan",
           "Weber")  # fmt: skip
_TITLES = ("Chief Financial Officer", "VP Operations", "Head of IT", "Purchasing Manager", "Controller")
_OPEN = ("Prospecting", "Qualification", "Needs Analysis", "Value Proposition", "Proposal/Price Quote",
         "Negotiation/Review")  # fmt: skip


@dataclass(frozen=True)
class Person:
    """Somebody at a customer's."""

    given: str
    family: str
    title: str
    email: str


@dataclass(frozen=True)
class Customer:
    """An account: `parent` is the number of the customer that it is a subsidiary of, `rep` whose account it is."""

    seed: str
    number: int
    name: str
    market: Market
    industry: str
    employees: int
    vat_id: str
    parent: int | None
    rep: int
    since: date
    people: tuple[Person, ...]

    @property
    def key(self) -> str:
        """Its name in every system: `seed1-000042` (the seed is letters and digits)."""
        return key_of(self.seed, self.number)


@dataclass(frozen=True)
class Line:
    """What was offered: `price` is that of one piece after discount."""

    sku: str
    quantity: int
    price: Decimal


@dataclass(frozen=True)
class Deal:
    """An opportunity. `lines` stand for `amount`; a deal that was never priced has none and an estimate alone."""

    key: str
    customer: int
    name: str
    stage: str
    kind: str
    created_on: date
    closes_on: date
    starts_on: date
    term_months: int
    pays_by: str
    currency: str
    amount: Decimal
    lines: tuple[Line, ...]

    @property
    def won(self) -> bool:
        """Whether it was sold."""
        return self.stage == "Closed Won"


def key_of(seed: str, number: int) -> str:
    """The name of a seeded customer in every system."""
    return f"seed{seed}-{number:06d}"


def rep_count(customers: int) -> int:
    """How many account executives look after so many customers."""
    return 1 + customers // REPS_PER


def customer(seed: str, number: int, today: date) -> Customer:
    """The `number`-th customer (from 0) as of `today`."""
    chance = Random(f"{seed}/customer/{number}")
    market = chance.choices(MARKETS, [one.weight for one in MARKETS])[0]
    second = chance.choice(_SECOND)
    name = f"{chance.choice(_FIRST)} {second} {market.form}"
    place = number % FAMILY
    parent = number - chance.randint(1, place) if place and chance.random() < 0.15 else None
    vat_id = f"{market.vat}{chance.randint(10**8, 10**9 - 1)}" if market.vat and chance.random() < 0.9 else ""
    since = today - timedelta(days=chance.randint(30, HISTORY_DAYS + 200))
    people = tuple(_person(chance, number) for _ in range(chance.choices((0, 1, 2, 3), (10, 50, 25, 15))[0]))
    employees = int(chance.lognormvariate(5, 1.4)) + 3
    rep = number // REPS_PER
    industry = _INDUSTRIES.get(second, "Technology")
    return Customer(seed, number, name, market, industry, employees, vat_id, parent, rep, since, people)


def _person(chance: Random, number: int) -> Person:
    given, family = chance.choice(_GIVEN), chance.choice(_FAMILY)
    email = f"{given}.{family}@customer{number}.example".lower()
    return Person(given, family, chance.choice(_TITLES), email)


def deals_of(seed: str, who: Customer, today: date) -> Iterator[Deal]:
    """A customer's deals, oldest first: three on average, sold or lost in the past, open from today on."""
    chance = Random(f"{seed}/deals/{who.number}")
    count = chance.choices((0, 1, 2, 3, 4, 5, 6, 8), (4, 12, 24, 26, 17, 10, 5, 2))[0]
    days = sorted(chance.randint(-HISTORY_DAYS, AHEAD_DAYS) for _ in range(count))
    sold = False
    for place, day in enumerate(days):
        deal = _deal(chance, who, place, today + timedelta(days=day), today, sold)
        sold = sold or deal.won
        yield deal


def _deal(chance: Random, who: Customer, place: int, closes_on: date, today: date, sold: bool) -> Deal:
    currency = who.market.currency
    stage = chance.choice(_OPEN)
    if closes_on < today:
        stage = "Closed Won" if chance.random() < (0.75 if sold else 0.5) else "Closed Lost"
    discount = Decimal(chance.choice((0, 0, 5, 10, 15))) / 100
    seats = max(1, min(500, who.employees // chance.choice((8, 12, 20))))
    offered = [Line(CATALOG[0].sku, seats, _net(CATALOG[0].prices[currency], discount, currency))]
    if not sold and chance.random() < 0.4:
        offered.append(Line(CATALOG[1].sku, 1, _net(CATALOG[1].prices[currency], Decimal(0), currency)))
    amount = sum((line.price * line.quantity for line in offered), Decimal(0))
    priced = stage in ("Closed Won", "Proposal/Price Quote", "Negotiation/Review")
    return Deal(
        key=f"{who.key}-{place + 1}", customer=who.number, name=f"{who.name} {closes_on.year}"[:120], stage=stage,
        kind="Existing Customer - Upgrade" if sold else "New Business",
        created_on=closes_on - timedelta(days=chance.randint(20, 150)) if closes_on < today
        else today - timedelta(days=chance.randint(1, 90)),
        closes_on=closes_on, starts_on=_next_month(closes_on), term_months=chance.choice((12, 12, 24, 36)),
        pays_by="transfer" if who.market.entity == "SG" else chance.choice(("card", "transfer")), currency=currency,
        amount=amount, lines=tuple(offered) if priced else (),
    )  # fmt: skip


def _net(price: Decimal, discount: Decimal, currency: str) -> Decimal:
    return (price * (1 - discount)).quantize(Decimal(1) if currency == "JPY" else Decimal("0.01"))


def _next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)
