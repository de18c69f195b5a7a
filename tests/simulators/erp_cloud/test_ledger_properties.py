"""Whatever is posted, changed, applied, taken back or deleted: the ledger balances and agrees with its sub-ledger."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.simulators.erp_cloud.world import GENESIS, SEED, World

WORLD = World(seed=SEED | {
    "customers": [
        {"id": "1", "companyName": "One", "subsidiary": "1",
         "currencyList": {"items": [{"currency": "4"}, {"currency": "5"}]}},
        {"id": "2", "companyName": "Two", "subsidiary": "2", "currencyList": {"items": [{"currency": "1"}]}},
    ],
})  # fmt: skip
AMOUNTS = st.decimals("0.01", "5000", places=2).map(float)
RATES = st.sampled_from(["1.1", "0.0069", "1.3333", "0.91"])
GIVE = st.sampled_from(("credit", "payment", "payment"))
START = (
    ("invoice", "1", "1", 1200.10, "1.1", True), ("invoice", "1", "4", 333.33, "1.3333", True),
    ("invoice", "1", "5", 777.7, "0.0069", True), ("invoice", "2", "4", 50.55, "1.1", True),
)  # fmt: skip
STEPS = st.one_of(
    st.tuples(st.just("invoice"), st.sampled_from("12"), st.sampled_from("145"), AMOUNTS, RATES, st.booleans()),
    st.tuples(GIVE, st.integers(0, 9), AMOUNTS, st.just(True), RATES),
    st.tuples(GIVE, st.integers(0, 9), AMOUNTS, st.booleans(), RATES),
    st.tuples(GIVE, st.integers(0, 3), st.floats(0.01, 1.5).map(lambda share: -share), st.just(True), RATES),
    st.tuples(
        st.just("refund"),
        st.sampled_from(("creditMemo", "customerPayment")),
        st.integers(0, 9),
        st.floats(0.01, 1.2),
        RATES,
    ),
    st.tuples(st.just("deposit"), st.sampled_from("12"), st.sampled_from("145"), AMOUNTS, RATES),
    st.tuples(st.just("use"), st.integers(0, 9), st.integers(0, 9), st.floats(0.01, 1.1)),
    st.tuples(st.just("unapply"), st.integers(0, 9)),
    st.tuples(st.just("change"), st.integers(0, 9), AMOUNTS),
    st.tuples(st.sampled_from(("delete", "void")), st.integers(0, 9)),
    st.tuples(st.just("again"), st.integers(0, 9)),
)


def documents(kind: str) -> list[dict[str, Any]]:
    return [row for row in WORLD.system.books()["document"] if row["object"] == kind]


def pick(kind: str, number: int) -> dict[str, Any] | None:
    rows = documents(kind)
    return rows[number % len(rows)] if rows else None


def prepay(step: tuple[Any, ...]) -> list[int]:
    """Money before a bill, and its use for one."""
    if step[0] == "deposit":
        _, customer, currency, amount, rate = step
        body: dict[str, Any] = {"customer": customer, "currency": currency, "exchangeRate": rate, "payment": amount}
        return [WORLD.call("POST", "/record/v1/customerDeposit", body).status]
    given_, invoice = pick("customerDeposit", step[1]), pick("invoice", step[2])
    if given_ is None or invoice is None:
        return []
    most = min(float(given_["unapplied"]), float(invoice["amountRemaining"]))
    body = {"apply": {"items": [{"doc": invoice["id"], "apply": True, "amount": round(step[3] * most, 2)}]}}
    path = f"/record/v1/customerDeposit/{given_['id']}/!transform/depositApplication"
    return [WORLD.call("POST", path, body).status]


def take(step: tuple[Any, ...]) -> None:
    """One business step over the wire; refusals are fine, defects are not."""
    call, verb = WORLD.call, step[0]
    statuses = prepay(step) if verb in ("deposit", "use") else []
    if verb == "invoice":
        _, customer, currency, amount, rate, approved = step
        statuses.append(call("POST", "/record/v1/invoice", {
            "entity": customer, "currency": currency, "exchangeRate": rate, "approvalStatus": "2" if approved else "1",
            "item": {"items": [{"item": "21", "quantity": 3, "rate": amount}, {"item": "21", "amount": 0.07}]},
        }).status)  # fmt: skip
    elif verb in ("credit", "payment") and (invoice := pick("invoice", step[1])) is not None:
        apply = {"items": [{"doc": invoice["id"], "apply": True}]} if step[3] else {"items": []}
        amount = step[2] if step[2] > 0 else round(-step[2] * float(invoice["amountRemaining"]), 2)
        symbols = {"USD": "1", "EUR": "4", "JPY": "5"}
        body = {"currency": symbols[invoice["currency"]], "exchangeRate": step[4], "subsidiary": invoice["subsidiary"],
                "apply": apply}  # fmt: skip
        if verb == "credit":
            body |= {"entity": invoice["entity"], "item": {"items": [{"item": "21", "amount": amount}]}}
        else:
            body |= {"customer": invoice["entity"], "payment": amount}
        statuses.append(
            call("POST", f"/record/v1/{'creditMemo' if verb == 'credit' else 'customerPayment'}", body).status
        )
    elif verb == "refund" and (credit := pick(step[1], step[2])) is not None:
        body = {"customer": credit["entity"], "subsidiary": credit["subsidiary"], "exchangeRate": step[4],
                "currency": {"USD": "1", "EUR": "4", "JPY": "5"}[credit["currency"]],
                "apply": {"items": [{"doc": credit["id"], "apply": True,
                                     "amount": round(step[3] * float(credit["unapplied"]), 2)}]}}  # fmt: skip
        statuses.append(call("POST", "/record/v1/customerRefund", body).status)
    elif verb in ("unapply", "delete"):
        for kind in ("depositApplication", "customerDeposit", "customerRefund", "customerPayment", "creditMemo",
                     "invoice"):  # fmt: skip
            row = pick(kind, step[1])
            if row is not None and verb == "delete":
                statuses.append(call("DELETE", f"/record/v1/{kind}/{row['id']}").status)
                break
            if row is not None and kind in ("customerPayment", "creditMemo"):
                statuses.append(
                    call("PATCH", f"/record/v1/{kind}/{row['id']}?replace=apply", {"apply": {"items": []}}).status
                )
    elif verb == "void":
        rows = [row for row in WORLD.system.books()["document"] if row["object"] != "customerRefund"]
        row = rows[step[1] % len(rows)]
        try:
            WORLD.act("void_record", record=row["object"], id=row["id"])
        except ValueError:
            pass  # something depends on it
    elif verb in ("change", "again") and (invoice := pick("invoice", step[1])) is not None:
        body = {"item": {"items": [{"line": 1, "amount": step[2]}]}} if verb == "change" else {"approvalStatus": "2"}
        statuses.append(call("PATCH", f"/record/v1/invoice/{invoice['id']}", body).status)
    assert all(status in (204, 400) for status in statuses), (step, statuses)


def check() -> None:
    """Trial balance zero, control account equal to the sub-ledger in both currencies, documents whole."""
    books = WORLD.system.books()
    per_document: dict[str, Decimal] = defaultdict(Decimal)
    base: dict[str, Decimal] = defaultdict(Decimal)
    foreign: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in books["ledger"]:
        gap = Decimal(row["debit"]) - Decimal(row["credit"])
        per_document[row["transaction"]] += gap
        if row["acctType"] == "AcctRec":
            base[row["subsidiary"]] += gap
            foreign[row["subsidiary"], row["currency"]] += Decimal(row["foreignAmount"])
    assert not any(per_document.values())
    check_deposits(books)
    given: dict[str, Decimal] = defaultdict(Decimal)
    for row in books["allocation"]:
        given[row["transaction"]] += Decimal(row["amount"])
        given[row["doc"]] += Decimal(row["amount"])
    journals = check_journals(books)
    for row in books["ledger"]:
        if row["transaction"] in journals and row["acctType"] == "AcctRec":  # they settle nothing
            base[row["subsidiary"]] -= Decimal(row["debit"]) - Decimal(row["credit"])
            foreign[row["subsidiary"], row["currency"]] -= Decimal(row["foreignAmount"])
    for row in books["document"]:
        if row["object"] in ("journalEntry", "customerDeposit"):
            continue
        stored = WORLD.system.store.get("transaction", row["id"])
        sign = 1 if row["object"] == "invoice" else -1
        assert Decimal(row["amountPaid"]) == given[row["id"]]
        assert Decimal(row["amountPaid"]) + Decimal(row["amountRemaining"]) == Decimal(row["total"])
        assert Decimal(row["amountRemaining"]) >= 0
        if row["posting"]:
            foreign[row["subsidiary"], row["currency"]] -= sign * Decimal(row["amountRemaining"])
            kept = "baseRemaining" if sign == 1 else "baseUnapplied"  # of a refund nothing is left
            base[row["subsidiary"]] -= sign * Decimal(stored.get(kept, "0"))
    assert not any(foreign.values()), foreign
    assert not any(base.values()), base
    assert WORLD.rows("SELECT SUM(amount) AS s FROM transactionaccountingline") in ([{}], [{"s": "0"}])


def check_deposits(books: dict[str, Any]) -> None:
    """What is owed to customers is what their deposits have left, by subsidiary in base currency."""
    used: dict[str, Decimal] = defaultdict(Decimal)
    for row in books["document"]:
        if row["object"] == "depositApplication":
            used[row["createdFrom"]] += Decimal(row["total"])
    owed: dict[str, Decimal] = defaultdict(Decimal)
    for row in books["document"]:
        if row["object"] == "customerDeposit":
            assert Decimal(row["applied"]) == used[row["id"]]
            assert Decimal(row["applied"]) + Decimal(row["unapplied"]) == Decimal(row["total"])
            left = Decimal(WORLD.system.store.get("transaction", row["id"])["baseUnapplied"])
            assert left >= 0 and (left == 0 or Decimal(row["unapplied"]) > 0)
            owed[row["subsidiary"]] += left
    for row in books["ledger"]:
        if row["acctName"] == "Customer Deposits":
            owed[row["subsidiary"]] += Decimal(row["debit"]) - Decimal(row["credit"])
    assert not any(owed.values()), owed


def check_journals(books: dict[str, Any]) -> set[str]:
    """Line by line what was entered stands in the ledger if the journal is approved, nothing else; their ids."""
    entered: dict[str, list[tuple[str, Decimal]]] = defaultdict(list)
    for row in books["line"]:
        if row["object"] == "journalEntry.line":
            amount = Decimal(row.get("debit") or 0) - Decimal(row.get("credit") or 0)
            entered[row["transaction"]].append((row["account"], amount))
    posted: dict[str, list[tuple[str, Decimal]]] = defaultdict(list)
    for row in books["ledger"]:
        if row["transaction"] in entered:
            posted[row["transaction"]].append((row["account"], Decimal(row["foreignAmount"])))
    for row in books["document"]:
        if row["object"] == "journalEntry":
            assert posted[row["id"]] == (entered[row["id"]] if row["posting"] else []), row
            assert row["posting"] == (row["status"] == "B")
    return set(entered)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STEPS, min_size=3, max_size=16))
def test_the_ledger_holds_whatever_happens(steps: list[tuple[Any, ...]]) -> None:
    WORLD.system.reset(GENESIS)
    WORLD.token = ""
    for step in (*START, *steps):
        take(step)
        check()
    notes = [entry for entry in WORLD.system.journal.after(0, 10_000)[0] if entry["kind"] == "note"]
    assert not notes
