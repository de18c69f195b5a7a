"""Whatever is sent as a query, the answer is the vendor's and the data stay whole."""

import sqlite3
from collections.abc import Iterator
from urllib.parse import quote_plus

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulators.salesforce.soql.runner import Run
from tests.simulators.salesforce.org import Org

WORDS = [
    "SELECT", "FROM", "WHERE", "AND", "OR", "NOT", "IN", "LIKE", "ORDER BY", "GROUP BY", "HAVING", "LIMIT",
    "OFFSET", "Id", "Name", "Account", "Account.Name", "Owner.Name", "COUNT()", "COUNT(Id)", "SUM(Amount)",
    "Opportunity", "Opportunities", "(", ")", ",", "=", "!=", "<", ">", "'x'", "''", "'%_\\%'", "5", "-1", "1.5",
    "99999999999999999999", "1e999", "null", "true", "TODAY", "LAST_N_DAYS:3", "2026-01-05", "2026-01-05T00:00:00Z",
    "(SELECT Id FROM Contacts)", "FIELDS(ALL)", "NULLS LAST", "DESC", "ALL ROWS", "FOR UPDATE",
    "CALENDAR_YEAR(CloseDate)", ";", "--", "/*", "\"", "\\", "\x00", "ä", "💥", "key", "doc", "sqlite_master",
    "t0.doc", "INCLUDES", "'a;b'", ":x", "toLabel(StageName)", "Amount", "CreatedDate", "?", "ROLLUP(StageName)",
    "CUBE(StageName, Name)", "GROUPING(StageName)", "TYPEOF What WHEN Account THEN Name ELSE Id END", "What.Name",
    "What.Type", "Task", "USD5", "convertCurrency(Amount)", "FORMAT(Amount) f", "USING SCOPE mine", "FOR VIEW",
    "WITH USER_MODE", "(SELECT Id, (SELECT Id FROM Tasks) FROM Opportunities)", "IN (SELECT AccountId FROM Contact)",
]  # fmt: skip


READING = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE)


@pytest.fixture(scope="module")
def org() -> Org:
    org = Org().login()
    account = org.create("Account", Name="Acme")
    org.create("Task", Subject="Call", WhatId=account)
    org.create("Opportunity", Name="Deal", StageName="Prospecting", CloseDate="2026-01-05", AccountId=account, Amount=5)
    return org


@pytest.fixture(autouse=True)
def guarded(org: Org, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """SQLite itself says of each query's SQL what it would touch: nothing but rows of the org's objects."""
    objects = {spec.name for spec in org.system.org.schema.objects.values()} | {"json_each", ""}
    reached: list[str] = []
    org.system.store.db.execute("SELECT value FROM json_each('[]')")  # SQLite declares it when it is first used
    execute = Run._execute

    def ask(action: int, first: str | None, second: str | None, *_more: str | None) -> int:
        if action not in READING or (action == sqlite3.SQLITE_READ and first not in objects):
            reached.append(f"{action} {first} {second}")
        return sqlite3.SQLITE_OK

    def watched(run: Run, *arguments: object) -> sqlite3.Cursor:
        db = org.system.store.db
        db.set_authorizer(ask)
        try:
            return execute(run, *arguments)
        finally:
            db.set_authorizer(None)

    monkeypatch.setattr(Run, "_execute", watched)
    yield reached
    assert not reached


def check(org: Org, soql: str) -> None:
    """Both resources, in the body of a batch request, where a query may be of any length."""
    urls = [f"v60.0/{resource}?q={quote_plus(soql)}" for resource in ("query", "queryAll")]
    reply = org.rest("POST", "composite/batch", {"batchRequests": [{"method": "GET", "url": url} for url in urls]})
    assert reply.status == 200, (soql, reply.content)
    for found in reply.json["results"]:
        assert found["statusCode"] in (200, 400), (soql, found)
        if found["statusCode"] == 400:
            assert (
                isinstance(found["result"], list) and found["result"][0]["errorCode"] and found["result"][0]["message"]
            )
    assert not [entry for entry in org.system.journal.after(0)[0] if entry["kind"] == "note"], soql


@given(st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_words_in_any_order(org: Org, soql: str):
    check(org, soql)


@given(st.lists(st.sampled_from(WORDS), max_size=8).map(", ".join), st.sampled_from(WORDS), st.sampled_from(WORDS))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_selection_and_grouping(org: Org, items: str, group: str, order: str):
    check(org, f"SELECT {items} FROM Opportunity GROUP BY {group} ORDER BY {order}")
    check(org, f"SELECT {items} FROM Task ORDER BY {order}")


@given(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_where(org: Org, words: str):
    check(org, f"SELECT Id FROM Opportunity WHERE {words}")


@given(st.text(max_size=60))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text(org: Org, text: str):
    check(org, text)
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    check(org, f"SELECT Id FROM Account WHERE Name = '{escaped}' OR Name LIKE '%{escaped}'")


@pytest.mark.parametrize(
    "soql",
    [
        "SELECT Id FROM Account WHERE " + " AND ".join(["Name = 'x'"] * 3_000),
        "SELECT Id FROM Account WHERE " + "NOT " * 5_000 + "Name = 'x'",
        "SELECT Id FROM Account WHERE " + "(" * 20_000 + "Name = 'x'" + ")" * 20_000,
        "SELECT Id FROM Account WHERE Name IN (" + ", ".join(["'x'"] * 15_000) + ")",
        "SELECT Id FROM Account WHERE Name = '" + "x" * 90_000 + "'",
        "SELECT Id FROM Account WHERE Name LIKE '" + "%_" * 1_900 + "'",
        "SELECT " + ", ".join(["Name"] * 9_000) + " FROM Account",
        "SELECT " + "a." * 9_000 + "Name FROM Account",
        "SELECT Id FROM Account LIMIT " + "9" * 1_000,
        "SELECT Id FROM Account WHERE NumberOfEmployees = " + "9" * 5_000,
        "SELECT Id FROM Account WHERE CreatedDate = LAST_N_YEARS:2147483647",
        "SELECT Id FROM Account WHERE CreatedDate = NEXT_N_DAYS:2147483647 OR CreatedDate = N_WEEKS_AGO:2147483647",
        "x" * 100_001,
    ],
)
def test_monstrous_queries(org: Org, soql: str):
    check(org, soql)


def test_a_request_line_has_its_own_limit(org: Org):
    reply = org.query("SELECT Id FROM Account WHERE Name = '" + "x" * 16_384 + "'")
    assert reply.status == 414 and reply.content.startswith(b"<h1>Bad Message 414</h1>")


def test_the_guard_sees_what_goes_beyond_the_objects(org: Org, guarded: list[str]):
    for sql in ("SELECT doc FROM _session", "SELECT * FROM sqlite_master", "DELETE FROM Account WHERE 0"):
        Run(org.system.org, "SELECT Id FROM Account", 0.0, "")._execute(sql)
        assert guarded, sql
        guarded.clear()


def test_a_query_that_writes_the_markers_of_cached_plans_itself(org: Org):
    assert org.query("SELECT Id FROM Account WHERE Name = 'x'").status == 200
    for marker in ("?", "?string", "?integer", "? 'x'", "'x' ?"):
        check(org, f"SELECT Id FROM Account WHERE Name = {marker}")
        assert org.query(f"SELECT Id FROM Account WHERE Name = {marker}").code == "MALFORMED_QUERY"


def test_sql_does_not_leak_through(org: Org):
    for attack in ("x' OR '1'='1", "x'; DROP TABLE Account; --", "x\\' OR 1=1 --"):
        escaped = attack.replace("\\", "\\\\").replace("'", "\\'")
        assert org.rows(f"SELECT Id FROM Account WHERE Name = '{escaped}'") == []
        check(org, f"SELECT Id FROM Account WHERE Name = '{attack}'")
    assert len(org.rows("SELECT Id FROM Account")) == 1
    for name in ("key", "doc", "rowid", "_session.id"):
        assert org.query(f"SELECT {name} FROM Account").code == "INVALID_FIELD"
    for table in ("_session", "sqlite_master", "counter", "job"):
        assert org.query(f"SELECT Id FROM {table}").code in ("INVALID_TYPE", "MALFORMED_QUERY")
