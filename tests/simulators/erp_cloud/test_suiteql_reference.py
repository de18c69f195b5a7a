"""SuiteQL answers what plain Python finds in the same books, whatever is asked of whatever is there."""

import os
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.simulators.erp_cloud.world import GENESIS, World

WORLD = World()
EXAMPLES = int(os.environ.get("WINDTUNNEL_FUZZ_EXAMPLES", "20"))
INVOICES = st.lists(
    st.tuples(
        st.sampled_from("abc"), st.integers(1, 99_999), st.integers(1, 28), st.sampled_from(("", "PO-1", "it's", "%_")),
        st.booleans(),
    ),
    min_size=1, max_size=8,
)  # fmt: skip
NUMBERS = ("foreigntotal", "foreignamountunpaid", "id")
TEXTS = ("otherrefnum", "tranid")
CONDITIONS = st.recursive(
    st.one_of(
        st.tuples(st.sampled_from(("=", "<", "<=", ">", ">=", "<>")), st.sampled_from(NUMBERS), st.integers(0, 1_200)),
        st.tuples(st.sampled_from(("IS NULL", "IS NOT NULL")), st.sampled_from(TEXTS)),
        st.tuples(st.just("IN"), st.just("otherrefnum"), st.sampled_from((("PO-1",), ("it's", "%_"), ("none",)))),
        st.tuples(st.just("day"), st.sampled_from(("<", ">=", "=")), st.integers(1, 28)),
    ),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(("AND", "OR")), inner, inner), st.tuples(st.just("NOT"), inner)
    ),
    max_leaves=4,
)  # fmt: skip
Row = dict[str, Any]


def sql(one: tuple[Any, ...]) -> str:
    """The condition as SuiteQL."""
    verb = one[0]
    if verb in ("AND", "OR"):
        return f"({sql(one[1])} {verb} {sql(one[2])})"
    if verb == "NOT":
        return f"NOT ({sql(one[1])})"
    if verb == "IN":
        values = ", ".join("'" + value.replace("'", "''") + "'" for value in one[2])
        return f"t.{one[1]} IN ({values})"
    if verb == "day":
        return f"t.trandate {one[1]} TO_DATE('2026-01-{one[2]:02d}', 'YYYY-MM-DD')"
    return f"t.{one[1]} {verb}" if len(one) == 2 else f"t.{one[1]} {verb} {one[2]}"


def holds(one: tuple[Any, ...], row: Row) -> bool | None:
    """The condition by hand, three-valued as SQL is: None is unknown."""
    verb = one[0]
    if verb in ("AND", "OR"):
        both = holds(one[1], row), holds(one[2], row)
        decisive = verb == "OR"
        return decisive if decisive in both else None if None in both else not decisive
    if verb == "NOT":
        inner = holds(one[1], row)
        return None if inner is None else not inner
    if verb == "day":
        left, operator, right = row["day"], one[1], one[2]
    elif verb.startswith("IS"):
        return (row[one[1]] is None) == (verb == "IS NULL")
    else:
        left, operator, right = row[one[1]], verb, one[2]
    if left is None:
        return None
    if operator == "IN":
        return left in right
    compare: dict[str, Callable[[Any, Any], bool]] = {"=": eq, "<>": ne, "<": lt, "<=": le, ">": gt, ">=": ge}
    return compare[operator](left, right)


def fill(invoices: list[tuple[str, int, int, str, bool]]) -> list[Row]:
    """Post the invoices, pay some, and say what rows there are."""
    WORLD.system.reset(GENESIS)
    WORLD.token = ""
    customers = {name: WORLD.customer(name) for name in "abc"}
    rows: list[Row] = []
    for number, (customer, cents, day, reference, paid) in enumerate(invoices):
        body = {"entity": customers[customer], "tranId": f"T{number % 3}", "tranDate": f"2026-01-{day:02d}",
                "otherRefNum": reference or None,
                "item": {"items": [{"item": "22", "amount": cents / 100}]}}  # fmt: skip
        key = WORLD.call("POST", "/record/v1/invoice", body).id
        total = Decimal(cents) / 100
        if paid:
            apply = {"items": [{"doc": key, "apply": True}]}
            WORLD.call("POST", "/record/v1/customerPayment",
                       {"customer": customers[customer], "payment": cents / 100, "apply": apply})  # fmt: skip
        rows.append({"id": int(key), "tranid": f"T{number % 3}", "foreigntotal": total, "day": day,
                     "foreignamountunpaid": Decimal(0) if paid else total, "otherrefnum": reference or None,
                     "entity": customers[customer]})  # fmt: skip
    return rows


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(INVOICES, st.lists(CONDITIONS, min_size=1, max_size=5))
def test_filters_sums_and_pages_agree_with_plain_python(
    invoices: list[tuple[str, int, int, str, bool]], conditions: list[tuple[Any, ...]]
) -> None:
    rows = fill(invoices)
    for condition in conditions:
        where = f"t.type = 'CustInvc' AND {sql(condition)}"
        wanted = [row for row in rows if holds(condition, row)]
        found = WORLD.rows(f"SELECT t.id FROM transaction t WHERE {where} ORDER BY t.trandate DESC, t.id")
        ordered = sorted(wanted, key=lambda row: (-row["day"], row["id"]))
        assert [int(row["id"]) for row in found] == [row["id"] for row in ordered], where
        sums: dict[str, list[Decimal]] = defaultdict(list)
        for row in wanted:
            sums[row["entity"]].append(row["foreigntotal"])
        grouped = WORLD.rows(
            f"SELECT t.entity, COUNT(*) AS n, SUM(t.foreigntotal) AS total, MAX(t.foreigntotal) AS top "
            f"FROM transaction t WHERE {where} GROUP BY t.entity ORDER BY t.entity"
        )
        assert [(row["entity"], int(row["n"]), Decimal(row["total"]), Decimal(row["top"])) for row in grouped] == [
            (entity, len(values), sum(values), max(values)) for entity, values in sorted(sums.items())
        ], where
        page = WORLD.suiteql(f"SELECT t.id FROM transaction t WHERE {where} ORDER BY t.id", page="?limit=2&offset=2")
        keys = sorted(row["id"] for row in wanted)
        assert [int(row["id"]) for row in page.json["items"]] == keys[2:4]
        assert page.json["totalResults"] == len(keys)
