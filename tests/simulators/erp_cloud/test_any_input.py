"""Whatever is sent, the vendor answers: never a defect, never a change that was refused."""

import json
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from simulators.erp_cloud.schemas import RECORD_TYPES
from tests.simulators.erp_cloud.world import GENESIS, SEED, World

WORLD = World(seed=SEED | {
    "customers": [{"id": "1", "companyName": "One", "subsidiary": "1"}],
    "documents": [{"type": "invoice", "entity": "1", "tranDate": "2026-01-05", "externalId": "E1",
                   "item": {"items": [{"item": "22", "amount": 100}]}}],
})  # fmt: skip
PLAIN = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 30), st.floats(), st.text(max_size=8),
    st.sampled_from(["1", "2", "21", "22", "2026-01-05", "2026-13-01", "T", "1e5", "-0", "1001", "E1", "eid:E1"]),
)  # fmt: skip
REFERENCE = st.fixed_dictionaries({}, optional={"id": PLAIN, "externalId": PLAIN, "refName": PLAIN, "items": PLAIN})


def value_of(field: Any) -> st.SearchStrategy[Any]:
    if field.type in ("sublist", "subrecord"):
        inner = st.fixed_dictionaries({}, optional={one.name: value_of(one) for one in field.fields.values()})
        whole = inner if field.type == "subrecord" else st.fixed_dictionaries({"items": st.lists(inner, max_size=3)})
        return st.one_of(whole, PLAIN) if field.type == "subrecord" else whole
    return st.one_of(PLAIN, REFERENCE)


BODIES = {
    record.name: st.fixed_dictionaries({}, optional={one.name: value_of(one) for one in record.fields.values()})
    for record in RECORD_TYPES.values()
}
WRITES = st.sampled_from(sorted(BODIES)).flatmap(lambda name: st.tuples(st.just(name), BODIES[name]))
VERBS = st.sampled_from([
    ("POST", ""), ("PUT", "/eid:E1"), ("PATCH", "/1"), ("PATCH", "/1001"), ("PATCH", "/eid:E1?replace=item,taxDetails"),
    ("POST", "/1001/!transform/creditMemo"), ("DELETE", "/1001"),
])  # fmt: skip


def no_defects() -> None:
    notes = [entry for entry in WORLD.system.journal.after(0, 10_000)[0] if entry["kind"] == "note"]
    assert not notes, notes


def balanced() -> None:
    rows = WORLD.system.books()["ledger"]
    assert sum(Decimal(row["debit"]) - Decimal(row["credit"]) for row in rows) == 0


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(WRITES, VERBS)
@example(("customer", {"currencyList": {"items": [{"line": None}, {}]}}), ("POST", ""))
def test_any_body_of_any_record(write: tuple[str, dict[str, Any]], verb: tuple[str, str]) -> None:
    WORLD.system.reset(GENESIS)
    WORLD.token = ""
    name, body = write
    WORLD.call("GET", "/record/v1/customer")
    before = WORLD.system.store.snapshot()
    raw = json.dumps(body).replace("NaN", "1e999").replace("-Infinity", "-1").replace("Infinity", "1").encode()
    answer = WORLD.call(verb[0], f"/record/v1/{name}{verb[1]}", raw)
    assert answer.status < 500, answer.body
    if answer.status >= 400:
        assert WORLD.system.store.snapshot() == before
        assert answer.json["o:errorDetails"][0]["o:errorCode"]
    no_defects()
    balanced()


WORDS = st.sampled_from([
    "SELECT", "FROM", "WHERE", "GROUP", "BY", "ORDER", "(", ")", ",", "*", "=", ">", "<", "'", '"', "?", "transaction",
    "customer", "dual", "id", "tranid", "trandate", "foreigntotal", "t", ".", "AND", "OR", "NOT", "NULL", "IS", "IN",
    "LIKE", "'%a'", "'x'", "1", "0", "-1", "COUNT(*)", "SUM(", "MAX(", "TO_CHAR(", "TO_DATE(", "NVL(", "CASE", "WHEN",
    "THEN", "END", "BUILTIN.DF(", "AS", "n", "JOIN", "ON", "UNION", "FETCH", "FIRST", "1", "ROWS", "ONLY", "ROWNUM",
    "<=", "SYSDATE", "||", "+", "/", "row_gl", "sqlite_master", "--", ";", "DELETE",
])  # fmt: skip


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.one_of(st.lists(WORDS, min_size=1, max_size=14).map(" ".join), st.text(max_size=40)),
       st.lists(PLAIN, max_size=2))  # fmt: skip
def test_any_query(words: str, params: list[Any]) -> None:
    WORLD.token = ""
    for text in (words, f"SELECT {words} FROM transaction t", f"SELECT id FROM transaction t WHERE {words}"):
        body = json.dumps({"q": text, "params": params}).replace("NaN", "1").replace("Infinity", "1").encode()
        answer = WORLD.call("POST", "/query/v1/suiteql", body, prefer="transient")
        assert answer.status in (200, 400), (text, answer.body)
    no_defects()


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=10))
def test_any_address(path: str, query: str, value: str) -> None:
    WORLD.token = ""
    safe = quote(path.encode("utf-8", "replace"), safe="/:!%")
    filters = f"?q={quote(query.encode('utf-8', 'replace'))}&limit={quote(value.encode('utf-8', 'replace'))}"
    for target in (f"/{safe}", f"/record/v1/{safe}", f"/record/v1/customer/{safe}", f"/record/v1/customer{filters}",
                   f"/record/v1/invoice/1001{filters}&fields={quote(query.encode('utf-8', 'replace'))}"):  # fmt: skip
        assert WORLD.call("GET", target).status < 500, target
    no_defects()
