"""SuiteQL: the vendor's answers, Oracle's dialect, and no way to touch anything but the allowed tables."""

from typing import Any

import pytest

from simulators.erp_cloud import suiteql_dialect
from simulators.erp_cloud.suiteql_dialect import BadQuery, translate
from simulators.erp_cloud.suiteql_template import template
from tests.simulators.erp_cloud.world import World


@pytest.fixture
def world() -> World:
    world = World()
    world.customer()
    return world


def one(world: World, expression: str, *params: Any) -> str | None:
    return world.rows(f"SELECT {expression} AS x FROM dual", *params)[0].get("x")


def test_every_value_is_a_text_and_null_is_left_out(world: World) -> None:
    key = world.invoice(tax="8.88", amount="120.50")
    answer = world.suiteql("SELECT ID, TranId, foreignTotal, memo, voided, trandate, entity FROM TRANSACTION")
    assert answer.status == 200
    assert answer.json["items"] == [{
        "links": [], "id": key, "tranid": "US-000001", "foreigntotal": "129.38", "voided": "F", "trandate": "1/5/2026",
        "entity": "501",
    }]  # fmt: skip
    assert {name: answer.json[name] for name in ("count", "hasMore", "offset", "totalResults")} == {
        "count": 1, "hasMore": False, "offset": 0, "totalResults": 1,
    }  # fmt: skip


def test_prefer_transient_is_required(world: World) -> None:
    answer = world.call("POST", "/query/v1/suiteql", {"q": "SELECT id FROM transaction"})
    assert (answer.status, answer.code) == (400, "INVALID_HEADER")


def test_pages_have_absolute_links_that_can_be_followed(world: World) -> None:
    for number in range(5):
        world.invoice(f"US-{number}")
    page, seen = "?limit=2", []
    while page:
        answer = world.suiteql("SELECT id FROM transaction ORDER BY id", page=page).json
        seen += [row["id"] for row in answer["items"]]
        links = {link["rel"]: link["href"] for link in answer["links"]}
        assert answer["totalResults"] == 5
        page = links.get("next", "").removeprefix("http://erp/services/rest/query/v1/suiteql")
    assert seen == ["1001", "1002", "1003", "1004", "1005"]
    assert set(links) == {"self", "first", "previous"}
    assert world.suiteql("SELECT id FROM transaction", page="?limit=2&offset=3").code == "INVALID_PARAMETER"
    beyond = world.suiteql("SELECT id FROM transaction", page="?limit=2&offset=10").json
    assert (beyond["count"], beyond["totalResults"]) == (0, 5)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("TO_CHAR(TO_DATE('2026-01-31', 'YYYY-MM-DD'), 'DD.MM.YYYY')", "31.01.2026"),
        ("TO_DATE('31/12/2025 23:59:58', 'DD/MM/YYYY HH24:MI:SS')", "12/31/2025"),
        ("TO_CHAR(TO_DATE('31/12/2025 23:59:58', 'DD/MM/YYYY HH24:MI:SS'), 'HH24:MI:SS')", "23:59:58"),
        ("TO_CHAR(TO_DATE('5 Jan 2026 01:05 pm', 'DD MON YYYY HH:MI AM'), 'MON HH24')", "JAN 13"),
        (
            "TO_CHAR(TO_TIMESTAMP('2026-01-05T09:00:00', 'YYYY-MM-DD\"T\"HH24:MI:SS'), 'DD\"T\"HH24:MI:SS\"Z\"')",
            "05T09:00:00Z",
        ),
        ("TO_CHAR(ADD_MONTHS(TO_DATE('1/31/2026'), 1), 'YYYY-MM-DD')", "2026-02-28"),
        ("TO_CHAR(LAST_DAY(TO_DATE('2/1/2028')), 'YYYY-MM-DD')", "2028-02-29"),
        ("TO_CHAR(TRUNC(SYSDATE, 'MM') - 1, 'YYYY-MM-DD')", "2025-12-31"),
        ("TO_CHAR(TRUNC(SYSDATE), 'YYYY-MM-DD HH24:MI')", "2026-01-05 00:00"),
        ("TRUNC(SYSDATE) - TO_DATE('1/1/2026')", "4"),
        ("TO_CHAR(SYSDATE, 'Q')", "1"),
        ("NVL(NULL, 'x')", "x"),
        ("NVL2(NULL, 'a', 'b')", "b"),
        ("DECODE('CustInvc', 'CustPymt', 'P', 'CustInvc', 'I', '?')", "I"),
        ("CASE WHEN 1 = 1 THEN 'yes' ELSE 'no' END", "yes"),
        ("'a' || 'b'", "ab"),
        ("CONCAT('a', NULL)", "a"),
        ("SUBSTR('windtunnel', 5)", "tunnel"),
        ("ROUND(2.675, 2)", "2.68"),
        ("0.1 + 0.2", "0.3"),
        ("TO_NUMBER('12.50')", "12.5"),
        ("UPPER('a')", "A"),
        ("MOD(7, 4)", "3"),
        ("COALESCE(NULL, NULL, 'z')", "z"),
        ("'O''Brien'", "O'Brien"),
        ("NULL", None),
    ],
)
def test_oracle_expressions(world: World, expression: str, value: str | None) -> None:
    assert one(world, expression) == value


def test_parameters_bind_in_order_and_by_number(world: World) -> None:
    assert one(world, "CASE WHEN ? = 'a' THEN ? ELSE ? END", "a", 1, 2.5) == "1"
    assert one(world, "? || ?", "x", "y") == "xy"
    assert world.suiteql("SELECT id FROM customer WHERE id = ?").status == 400
    assert world.suiteql("SELECT id FROM customer", 1).status == 400
    assert world.suiteql("SELECT id FROM customer WHERE id = ?", {"a": 1}).status == 400
    assert world.rows("SELECT id FROM customer WHERE id = ?", "501") == [{"id": "501"}]
    assert world.rows("SELECT id FROM customer WHERE id = ? AND externalid = 'CB-c1'", 501) == [{"id": "501"}]
    assert world.suiteql("SELECT id FROM customer WHERE id = ?", 10**30).status == 400


def test_dates_compare_as_dates(world: World) -> None:
    world.invoice("A", tranDate="2026-01-05")
    world.invoice("B", tranDate="2026-02-01")

    def found(where: str, *params: Any) -> list[str]:
        return [
            row["tranid"] for row in world.rows(f"SELECT tranid FROM transaction WHERE {where} ORDER BY id", *params)
        ]

    assert found("trandate = '1/5/2026'") == ["A"]
    assert found("trandate >= TO_DATE('2026-01-05', 'YYYY-MM-DD')") == ["A", "B"]
    assert found("trandate BETWEEN '1/6/2026' AND ?", "2/1/2026") == ["B"]
    assert found("trandate IN ('2/1/2026')") == ["B"]
    assert found("trandate > SYSDATE - 1") == ["A", "B"]
    assert found("TRUNC(createddate) = TO_DATE('1/5/2026')") == ["A", "B"]
    assert world.suiteql("SELECT id FROM transaction WHERE trandate > '2026-01-05'").status == 400


def test_joins_groups_and_names_of_references(world: World) -> None:
    world.invoice("A", tax="8.88")
    world.invoice("B", amount="0.10")
    rows = world.rows(
        "SELECT BUILTIN.DF(t.entity) AS customer, BUILTIN.DF(tl.item) AS item, SUM(-tl.foreignamount) AS net, COUNT(*) "
        "FROM transaction t INNER JOIN transactionline tl ON tl.transaction = t.id "
        "WHERE t.type = 'CustInvc' AND tl.mainline = 'F' AND tl.taxline = 'F' "
        "GROUP BY BUILTIN.DF(t.entity), BUILTIN.DF(tl.item) HAVING SUM(-tl.foreignamount) > 0"
    )
    assert rows == [{"customer": "CUS1 Acme c1", "item": "Onboarding", "net": "100.1", "expr1": "2"}]
    balance = world.rows("SELECT SUM(debit) - SUM(credit) AS gap, SUM(amount) AS zero FROM transactionaccountingline")
    assert balance == [{"gap": "0", "zero": "0"}]
    outer = world.rows(
        "SELECT c.id, t.tranid FROM customer c, transaction t WHERE c.id = t.entity(+) AND t.tranid = 'A'"
    )
    assert outer == [{"id": "501", "tranid": "A"}]
    assert world.rows("SELECT transaction.id FROM transaction WHERE transaction.tranid = 'A'") == [{"id": "1001"}]
    names = world.rows(
        "SELECT BUILTIN.DF(subsidiary) AS s, BUILTIN.DF(currency) AS c, BUILTIN.DF(email) AS e FROM customer"
    )
    assert names == [{"s": "Windtunnel US Inc", "c": "US Dollar"}]


def test_limits_in_oracles_way(world: World) -> None:
    for number in range(4):
        world.invoice(f"US-{number}")
    assert len(world.rows("SELECT id FROM transaction FETCH FIRST 3 ROWS ONLY")) == 3
    assert len(world.rows("SELECT id FROM transaction WHERE ROWNUM <= 2")) == 2
    assert len(world.rows("SELECT id FROM transaction WHERE type = 'CustInvc' AND ROWNUM < 2")) == 1
    assert world.suiteql("SELECT id FROM transaction LIMIT 1").status == 400


def test_subqueries_and_common_tables(world: World) -> None:
    world.invoice("A")
    assert world.rows(
        "WITH o AS (SELECT id, entity FROM transaction) SELECT o.id FROM o JOIN customer c ON c.id = o.entity"
    )
    assert world.rows("SELECT id FROM customer WHERE id IN (SELECT entity FROM transaction WHERE foreigntotal > '99')")
    assert world.rows("SELECT id FROM customer c WHERE EXISTS (SELECT 1 FROM transaction t WHERE t.entity = c.id)")
    assert len(world.rows("SELECT id FROM customer UNION ALL SELECT id FROM transaction")) == 2


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM transaction", "UPDATE transaction SET memo = 'x'", "INSERT INTO customer (id) VALUES (1)",
        "DROP TABLE row_gl", "SELECT 1 FROM dual; DELETE FROM row_gl", "SELECT * FROM sqlite_master",
        "SELECT * FROM row_gl", "SELECT * FROM _token", 'SELECT * FROM "_token"', "SELECT * FROM suiteql_transaction",
        "SELECT * FROM main.row_gl", "SELECT * FROM preference", "SELECT doc FROM customer", "SELECT * FROM employee",
        "SELECT load_extension('x') FROM dual", "SELECT readfile('/etc/passwd') FROM dual",

        "PRAGMA table_info(row_gl)", "SELECT * FROM pragma_table_info('row_gl')", "ATTACH DATABASE 'x' AS y",
        "SELECT ns_df('_token', 'x') FROM dual",
        "SELECT randomblob(1000000000) FROM dual", "SELECT zeroblob(1) FROM dual", "SELECT sqlite_version() FROM dual",
        "SELECT id INTO x FROM transaction", "SELECT id FROM transaction FOR UPDATE", "VALUES (1)", "SELECT", "", "   ",
        "SELECT id FROM (DELETE FROM row_gl RETURNING tx)", "CREATE VIEW v AS SELECT 1", "SELECT nope FROM transaction",
        "SELECT id FROM transaction WHERE", "SELECT BUILTIN.CF(id) FROM transaction", "EXPLAIN SELECT 1 FROM dual",
        "SELECT json_extract('{}', '$') FROM dual", "SELECT id FROM transaction t, LATERAL (SELECT 1 FROM dual) x",
        "WITH RECURSIVE x(n) AS (SELECT 1 FROM dual UNION ALL SELECT n + 1 FROM x) SELECT n FROM x",
        "WITH x(n) AS (SELECT 1 FROM dual UNION ALL SELECT n + 1 FROM x) SELECT n FROM x",
        "WITH dual AS (SELECT * FROM row_gl) SELECT * FROM dual", "SELECT :name FROM dual", "SELECT @x FROM dual",
        "SELECT * FROM transaction AS OF TIMESTAMP SYSDATE", "COMMIT", "BEGIN", "VACUUM", "SELECT ((((" * 200,
        "SELECT " + "(" * 5000 + "1" + ")" * 5000 + " FROM dual", "SELECT 'a",
        "SELECT id FROM transaction -- \n; DROP TABLE x",
    ],
)  # fmt: skip
def test_nothing_else_can_be_read_or_written(world: World, query: str) -> None:
    world.suiteql("SELECT id FROM dual")
    before = world.system.store.snapshot()
    answer = world.suiteql(query)
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER"), answer.body
    assert world.system.store.snapshot() == before
    assert not [e for e in world.system.journal.after(0, 10_000)[0] if e["kind"] == "note"]


def test_a_query_that_never_ends_is_stopped(world: World) -> None:
    for number in range(30):
        world.invoice(f"US-{number}")
    world.system.routes.table  # noqa: B018
    many = ", ".join(f"transactionline t{number}" for number in range(9))
    answer = world.suiteql(f"SELECT COUNT(*) FROM {many}")
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER")
    assert world.suiteql("SELECT id FROM transaction").status == 200


def test_a_comment_and_a_hint_are_harmless(world: World) -> None:
    assert world.rows("SELECT /* hello */ id -- there\nFROM customer") == [{"id": "501"}]


def test_queries_that_differ_in_constants_share_one_translation(world: World) -> None:
    shape = template("SELECT a FROM t WHERE x = 'O''Brien' AND y >= 5 AND z = ? AND w IN ('', 'b')")
    assert shape is not None
    assert shape.text == "SELECT a FROM t WHERE x = ? AND y >= ? AND z = ? AND w IN (?, ?)"
    assert shape.bind(["mine"]) == ["O'Brien", 5, "mine", "", "b"]
    assert template("SELECT DATE '2026-01-01' FROM dual") is None
    assert template("SELECT 'a FROM dual") is None
    for number in range(20):
        world.rows(f"SELECT id FROM customer WHERE externalid = 'CB-{number}' AND id > {number}")
    assert len(world.system.routes.table) > 0
    with pytest.raises(BadQuery):
        translate("SELECT 1; SELECT 2")


def test_text_that_looks_like_a_date_stays_text(world: World) -> None:
    world.invoice("A", memo="2026-01-05 00:00:00")
    assert world.rows("SELECT memo FROM transaction") == [{"memo": "2026-01-05 00:00:00"}]


def test_select_star_and_expression_names(world: World) -> None:
    row = world.rows("SELECT * FROM customer")[0]
    assert (row["id"], row["companyname"], row["isinactive"]) == ("501", "Acme c1", "F")
    assert world.rows("SELECT UPPER(companyname), id, LOWER(companyname) FROM customer") == [
        {"expr1": "ACME C1", "id": "501", "expr2": "acme c1"}
    ]


@pytest.mark.parametrize("query", [
    "SELECT BUILTIN.DF(l.account) AS a, SUM(l.amount) AS balance, COUNT(l.debit) AS n FROM transactionaccountingline l "
    "WHERE l.posting = 'T' GROUP BY BUILTIN.DF(l.account) ORDER BY 2 DESC",
    "SELECT l.account, BUILTIN.DF(l.account), COUNT(*), MAX(l.debit), MIN(l.credit) FROM transactionaccountingline l "
    "JOIN transaction t ON t.id = l.transaction GROUP BY l.account, BUILTIN.DF(l.account) "
    "HAVING SUM(l.amount) <> 0 ORDER BY COUNT(*) DESC, BUILTIN.DF(l.account) FETCH FIRST 2 ROWS ONLY",
    "SELECT BUILTIN.DF(entity) AS customer, SUM(foreigntotal) + 1 AS more FROM transaction WHERE trandate >= ? "
    "GROUP BY BUILTIN.DF(entity) ORDER BY customer",
    "SELECT BUILTIN.DF(status) AS s, COUNT(*) AS n FROM transaction GROUP BY BUILTIN.DF(status) ORDER BY s",
])  # fmt: skip
def test_groups_by_names_in_two_levels_are_those_of_one(
    world: World, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.customer("c2")
    for number, name in enumerate(("c1", "c2", "c1")):
        world.invoice(f"I{number}", amount=f"10.{number}", entity={"externalId": f"CB-{name}"})
    params = ["1/1/2026"] if "?" in query else []
    two = world.rows(query, *params)
    assert two and " FROM (SELECT " in translate(query).sql
    monkeypatch.setattr(suiteql_dialect, "in_two_levels", lambda tree: tree)
    assert " FROM (SELECT " not in translate(query).sql
    assert world.rows(f"{query} ", *params) == two


@pytest.mark.parametrize("query", [
    "SELECT BUILTIN.DF(l.account), AVG(l.amount) FROM transactionaccountingline l GROUP BY BUILTIN.DF(l.account)",
    "SELECT BUILTIN.DF(l.account), COUNT(DISTINCT l.transaction) FROM transactionaccountingline l "
    "GROUP BY BUILTIN.DF(l.account)",
    "SELECT l.account, COUNT(*) FROM transactionaccountingline l GROUP BY l.account",
    "SELECT BUILTIN.DF(account), SUM(l.amount) FROM transactionaccountingline l GROUP BY BUILTIN.DF(l.account)",
])  # fmt: skip
def test_what_has_no_parts_is_grouped_as_it_is(query: str) -> None:
    assert " FROM (SELECT " not in translate(query).sql
