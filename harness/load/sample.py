"""A small made-up CRM export in the shape and with the dirt of real ones; a test regenerates the committed copy."""

import csv
import io
from collections.abc import Sequence
from datetime import date, timedelta
from random import Random

from faker import Faker

ACCOUNTS = ("account", "sector", "year_established", "revenue", "employees", "office_location", "subsidiary_of")
PIPELINE = (
    "opportunity_id", "sales_agent", "product", "account", "deal_stage", "engage_date", "close_date", "close_value",
)  # fmt: skip
# The pipeline spells GTXPro without a blank, as nobody's item list does.
PRODUCTS = {"GTX Basic": 550, "GTXPro": 4821, "MG Special": 55, "MG Advanced": 3393, "GTX Plus Basic": 1096}
STAGES = ("Won", "Won", "Won", "Lost", "Engaging", "Prospecting")
FIRST_DAY = date(2017, 3, 1)


def sample_export(seed: str = "crm-small", accounts: int = 12, deals: int = 60, days: int = 20) -> dict[str, str]:
    """File name -> CSV text; a function of its arguments alone."""
    chance = Random(seed)
    faker = Faker("en_US")
    faker.seed_instance(chance.randrange(2**32))
    names = [f"{faker.unique.last_name()} {faker.company_suffix()}" for _ in range(accounts)]
    companies = [
        (
            name, chance.choice(("technolgy", "retail", "medical")), chance.randint(1979, 2015),
            f"{chance.uniform(5, 9000):.2f}", chance.randint(9, 9000),
            "United States" if index % 4 else ("Philipines", "Japan", "Germany")[index // 4 % 3], "",
        )
        for index, name in enumerate(names)
    ]  # fmt: skip
    rows = [_deal(chance, faker, names, days) for _ in range(deals)]
    return {"accounts.csv": _csv(ACCOUNTS, companies), "sales_pipeline.csv": _csv(PIPELINE, rows)}


def _deal(chance: Random, faker: Faker, names: list[str], days: int) -> tuple[object, ...]:
    stage = chance.choice(STAGES)
    closed = stage in ("Won", "Lost")
    day = FIRST_DAY + timedelta(days=chance.randrange(days))
    product = chance.choice(list(PRODUCTS))
    value = round(PRODUCTS[product] * chance.uniform(0.8, 1.2)) if stage == "Won" else 0
    account = "null" if stage == "Prospecting" and chance.random() < 0.5 else chance.choice(names)
    return (
        "".join(chance.choice("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789") for _ in range(8)), faker.name(), product, account,
        stage, f"{day - timedelta(days=30):%d-%m-%Y}", f"{day:%d-%m-%Y}" if closed else "", value if closed else "",
    )  # fmt: skip


def _csv(header: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()
