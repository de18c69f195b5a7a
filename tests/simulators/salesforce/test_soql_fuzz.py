"""Whatever is sent as a query, the answer is the vendor's and the data stay whole."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.simulators.salesforce.org import Org

WORDS = [
    "SELECT", "FROM", "WHERE", "AND", "OR", "NOT", "IN", "LIKE", "ORDER BY", "GROUP BY", "HAVING", "LIMIT",
    "OFFSET", "Id", "Name", "Account", "Account.Name", "Owner.Name", "COUNT()", "COUNT(Id)", "SUM(Amount)",
    "Opportunity", "Opportunities", "(", ")", ",", "=", "!=", "<", ">", "'x'", "''", "'%_\\%'", "5", "-1", "1.5",
    "99999999999999999999", "1e999", "null", "true", "TODAY", "LAST_N_DAYS:3", "2026-01-05", "2026-01-05T00:00:00Z",
    "(SELECT Id FROM Contacts)", "FIELDS(ALL)", "NULLS LAST", "DESC", "ALL ROWS", "FOR UPDATE",
    "CALENDAR_YEAR(CloseDate)", ";", "--", "/*", "\"", "\\", "\x00", "ä", "💥", "key", "doc", "sqlite_master",
    "t0.doc", "INCLUDES", "'a;b'", ":x", "toLabel(StageName)", "Amount", "CreatedDate", "?",
]  # fmt: skip


@pytest.fixture(scope="module")
def org() -> Org:
    org = Org().login()
    account = org.create("Account", Name="Acme")
    org.create("Opportunity", Name="Deal", StageName="Prospecting", CloseDate="2026-01-05", AccountId=account, Amount=5)
    return org


def check(org: Org, soql: str) -> None:
    for resource in ("query", "queryAll"):
        reply = org.query(soql, resource)
        assert reply.status in (200, 400), (soql, reply.content)
        if reply.status == 400:
            assert isinstance(reply.json, list) and reply.code and reply.message
    assert not [entry for entry in org.system.journal.after(0)[0] if entry["kind"] == "note"], soql


@given(st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_words_in_any_order(org: Org, soql: str):
    check(org, soql)


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
