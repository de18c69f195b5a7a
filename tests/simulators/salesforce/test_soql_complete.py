"""SOQL beyond the daily: totals over groups, parents of several objects, nested children, currencies, scopes, plans."""

import pytest

from tests.simulators.salesforce.org import Org

DEALS = [  # account, name, stage, amount, currency, close date
    ("a", "One", "Prospecting", 100, "USD", "2026-01-10"), ("a", "Two", "Closed Won", 92, "EUR", "2026-02-10"),
    ("b", "Three", "Closed Won", 3000, "JPY", "2027-01-10"), ("b", "Four", "Prospecting", None, "USD", "2026-01-11"),
]  # fmt: skip


@pytest.fixture(scope="module")
def org() -> Org:
    org = Org().login()
    org.seed({
        "Group": [{"@": "queue", "Name": "Finance", "Type": "Queue"}],
        "Account": [{"@": "a", "Name": "Acme", "Industry": "Energy", "Phone": "1"},
                    {"@": "b", "Name": "Beta", "NumberOfEmployees": 5, "CurrencyIsoCode": "EUR"}],
        "Contact": [{"@": "may", "FirstName": "Ann", "LastName": "May", "AccountId": "@a", "Email": "may@a.example"}],
        "Lead": [{"@": "lee", "LastName": "Lee", "Company": "Lee Ltd", "Email": "lee@l.example"}],
        "Opportunity": [
            {"@": name, "AccountId": f"@{account}", "Name": name, "StageName": stage, "Amount": amount,
             "CurrencyIsoCode": iso, "CloseDate": day} for account, name, stage, amount, iso, day in DEALS
        ],
        "Contract": [{"@": "c", "AccountId": "@a", "StartDate": "2026-01-01", "ContractTerm": 12}],
        "Task": [
            {"Subject": "on account", "WhatId": "@a", "WhoId": "@may"}, {"Subject": "on deal", "WhatId": "@One"},
            {"Subject": "on contract", "WhatId": "@c", "WhoId": "@lee", "OwnerId": "@queue"}, {"Subject": "on nothing"},
        ],
    })  # fmt: skip
    return org


def table(org: Org, soql: str) -> list[tuple[object, ...]]:
    """The values of each row, in the order of the query."""
    return [tuple(value for name, value in row.items() if name != "attributes") for row in org.rows(soql)]


# -- totals over groups -----------------------------------------------------------------------


def test_rollup_adds_a_row_for_each_group_above_and_one_for_all(org: Org):
    found = table(
        org, "SELECT StageName, CALENDAR_YEAR(CloseDate) y, GROUPING(StageName), GROUPING(CALENDAR_YEAR(CloseDate)), "
        "COUNT(Id) FROM Opportunity GROUP BY ROLLUP(StageName, CALENDAR_YEAR(CloseDate))",
    )  # fmt: skip
    assert found == [
        ("Closed Won", 2026, 0, 0, 1), ("Closed Won", 2027, 0, 0, 1), ("Closed Won", None, 0, 1, 2),
        ("Prospecting", 2026, 0, 0, 2), ("Prospecting", None, 0, 1, 2), (None, None, 1, 1, 4),
    ]  # fmt: skip


def test_cube_adds_one_for_each_choice_of_groups(org: Org):
    found = table(
        org, "SELECT StageName s, Account.Name a, COUNT(Id) n FROM Opportunity GROUP BY CUBE(StageName, Account.Name) "
        "ORDER BY GROUPING(StageName), GROUPING(Account.Name), StageName, Account.Name",
    )  # fmt: skip
    assert found == [
        ("Prospecting", "Acme", 1), ("Prospecting", "Beta", 1), ("Closed Won", "Acme", 1), ("Closed Won", "Beta", 1),
        ("Prospecting", None, 2), ("Closed Won", None, 2), (None, "Acme", 2), (None, "Beta", 2), (None, None, 4),
    ]  # fmt: skip
    totals = "SELECT StageName, COUNT(Id) FROM Opportunity GROUP BY CUBE(StageName) HAVING COUNT(Id) > 3"
    assert table(org, totals) == [(None, 4)]


@pytest.mark.parametrize(
    "soql",
    ["SELECT COUNT(Id) FROM Opportunity GROUP BY ROLLUP(StageName, Name, Type, LeadSource)",
     "SELECT GROUPING(Name), COUNT(Id) FROM Opportunity GROUP BY ROLLUP(StageName)",
     "SELECT GROUPING(Name) FROM Opportunity", "SELECT COUNT(Id) FROM Opportunity GROUP BY ROLLUP(Amount)",
     "SELECT COUNT(Id) FROM Opportunity GROUP BY ROLLUP()", "SELECT COUNT(Id) FROM Opportunity GROUP BY ROLLUP('x')",
     "SELECT Name, COUNT(Id) FROM Opportunity GROUP BY CUBE(StageName)"],
)  # fmt: skip
def test_totals_that_make_no_sense(org: Org, soql: str):
    assert org.query(soql).code in ("MALFORMED_QUERY", "INVALID_FIELD")


# -- parents of several objects ---------------------------------------------------------------


def test_a_polymorphic_parent_has_a_name_and_a_type(org: Org):
    rows = org.rows("SELECT Subject, What.Name, What.Type, Who.Name, Who.Email, Owner.Name, Owner.Type FROM Task "
                    "ORDER BY Subject")  # fmt: skip
    number = org.rows("SELECT ContractNumber FROM Contract")[0]["ContractNumber"]
    what = [row["What"] and (row["What"]["Type"], row["What"]["Name"]) for row in rows]
    assert what == [("Account", "Acme"), ("Contract", number), ("Opportunity", "One"), None]
    assert rows[0]["What"]["attributes"]["type"] == "Name"
    assert "/sobjects/Account/001" in rows[0]["What"]["attributes"]["url"]
    assert [row["Who"] and row["Who"]["Email"] for row in rows] == ["may@a.example", "lee@l.example", None, None]
    assert [row["Owner"]["Type"] for row in rows] == ["User", "Group", "User", "User"]


def test_a_polymorphic_parent_filters_and_sorts(org: Org):
    for where, found in (
        ("WHERE What.Type IN ('Account', 'Contract') ORDER BY Subject", [("on account",), ("on contract",)]),
        ("WHERE Who.Name LIKE 'ann%'", [("on account",)]), ("WHERE What.Name = null", [("on nothing",)]),
        ("ORDER BY What.Name DESC NULLS LAST LIMIT 1", [("on deal",)]),
    ):  # fmt: skip
        assert table(org, f"SELECT Subject FROM Task {where}") == found
    owners = "SELECT Owner.Name, COUNT(Id) FROM Task GROUP BY Owner.Name ORDER BY COUNT(Id)"
    assert table(org, owners) == [("Finance", 1), ("Integration User", 3)]
    assert org.query("SELECT What.Amount FROM Task").code == "INVALID_FIELD"
    assert org.query("SELECT Id FROM Task WHERE What.Owner.Name = 'x'").code == "INVALID_FIELD"


def test_typeof_shows_each_object_its_own_fields(org: Org):
    rows = org.rows("SELECT Subject, TYPEOF What WHEN Account THEN Phone, NumberOfEmployees WHEN Opportunity THEN "
                    "Amount, StageName ELSE Name, Type END FROM Task ORDER BY Subject")  # fmt: skip
    assert [row["What"] and {k: v for k, v in row["What"].items() if k != "attributes"} for row in rows] == [
        {"Phone": "1", "NumberOfEmployees": None}, {"Name": rows[1]["What"]["Name"], "Type": "Contract"},
        {"Amount": 100.0, "StageName": "Prospecting"}, None,
    ]  # fmt: skip
    assert [row["What"]["attributes"]["type"] for row in rows[:3]] == ["Account", "Name", "Opportunity"]
    rows = org.rows("SELECT TYPEOF What WHEN Account THEN Name END, Subject FROM Task ORDER BY Subject")
    assert [row["What"] and row["What"]["Name"] for row in rows] == ["Acme", None, None, None]


@pytest.mark.parametrize(
    "soql",
    ["SELECT TYPEOF Account WHEN Account THEN Name END FROM Opportunity",
     "SELECT TYPEOF What WHEN Contact THEN Name END FROM Task",
     "SELECT TYPEOF Nope WHEN Account THEN Name END FROM Task",
     "SELECT TYPEOF What WHEN Account THEN Nope END FROM Task", "SELECT TYPEOF What ELSE Name END FROM Task",
     "SELECT TYPEOF What WHEN Account THEN Name ELSE Amount END FROM Task",
     "SELECT TYPEOF What WHEN Account THEN Name", "SELECT What.Name, TYPEOF What WHEN Account THEN Name END FROM Task",
     "SELECT TYPEOF What WHEN Account THEN Name END, What.Type FROM Task",
     "SELECT TYPEOF What WHEN Account THEN Name WHEN Account THEN Phone END FROM Task",
     "SELECT TYPEOF What WHEN Account THEN Name END, COUNT(Id) FROM Task GROUP BY WhatId"],
)  # fmt: skip
def test_a_typeof_that_makes_no_sense(org: Org, soql: str):
    assert org.query(soql).code in ("MALFORMED_QUERY", "INVALID_FIELD")


# -- children ---------------------------------------------------------------------------------


def test_children_have_children_from_version_58_on(org: Org):
    soql = (
        "SELECT Name, (SELECT Name, (SELECT StageName, Amount FROM OpportunityHistories) FROM Opportunities WHERE "
        "Name = 'Two'), (SELECT Subject FROM Tasks) FROM Account WHERE Name = 'Acme'"
    )
    row = org.rows(soql)[0]
    deal = row["Opportunities"]["records"][0]
    assert [one["Amount"] for one in deal["OpportunityHistories"]["records"]] == [92.0]
    assert [one["Subject"] for one in row["Tasks"]["records"]] == ["on account"], "a list by a polymorphic reference"
    old = org.call("GET", "/services/data/v57.0/query?q=" + soql.replace(" ", "+").replace("'", "%27"))
    assert old.code == "MALFORMED_QUERY" and "levels" in old.message
    deep = "SELECT Id FROM ChildAccounts"
    for _ in range(3):
        deep = f"SELECT Id, ({deep}) FROM ChildAccounts"
    assert org.query(f"SELECT Id, ({deep}) FROM Account").status == 200
    assert org.query(f"SELECT Id, (SELECT Id, ({deep}) FROM ChildAccounts) FROM Account").code == "MALFORMED_QUERY"


# -- currencies -------------------------------------------------------------------------------


def test_aggregates_speak_the_corporate_currency(org: Org):
    found = table(org, "SELECT SUM(Amount), MAX(Amount), MIN(Amount), AVG(Amount) FROM Opportunity")
    assert found == [(220.0, 100.0, 20.0, 220 / 3)]
    by = "FROM Opportunity GROUP BY Account.Name"
    assert table(org, f"SELECT Account.Name, SUM(Amount) {by}") == [("Acme", 200.0), ("Beta", 20.0)]
    assert table(org, f"SELECT Account.Name {by} HAVING SUM(Amount) > 50") == [("Acme",)]
    assert org.query(f"SELECT Account.Name {by} HAVING SUM(Amount) > USD50").code == "MALFORMED_QUERY"


def test_amounts_are_compared_and_shown_in_other_currencies(org: Org):
    for where, found in (
        ("> 99", [("One",), ("Three",)]), (">= USD100", [("One",), ("Two",)]), ("< EUR50.50", [("Three",)]),
        ("IN (USD20, EUR0)", [("Three",)]),
    ):  # fmt: skip
        assert table(org, f"SELECT Name FROM Opportunity WHERE Amount {where} ORDER BY Name") == found
    rows = table(
        org, "SELECT Name, Amount, convertCurrency(Amount) c, FORMAT(Amount) f, FORMAT(convertCurrency(Amount)) g "
        "FROM Opportunity ORDER BY Amount DESC NULLS LAST, Name",
    )  # fmt: skip
    assert rows == [
        ("One", 100.0, 100.0, "USD 100.00", "USD 100.00"), ("Two", 92.0, 100.0, "EUR 92.00 (USD 100.00)", "USD 100.00"),
        ("Three", 3000.0, 20.0, "JPY 3,000.00 (USD 20.00)", "USD 20.00"), ("Four", None, None, None, None),
    ]  # fmt: skip
    assert org.rows("SELECT convertCurrency(Amount) FROM Opportunity WHERE Name = 'Three'")[0]["Amount"] == 20.0
    for wrong in ("Name FROM Opportunity WHERE convertCurrency(Amount) > 5", "convertCurrency(Name) FROM Opportunity",
                  "Name FROM Opportunity ORDER BY convertCurrency(Amount)",
                  "Name FROM Opportunity WHERE Amount IN (USD20, 100)",
                  "Name FROM Opportunity WHERE Amount > XYZ5", "Name FROM Opportunity WHERE Name > USD5",
                  "Name FROM Opportunity WHERE Probability > USD5"):  # fmt: skip
        assert org.query(f"SELECT {wrong}").code in ("MALFORMED_QUERY", "INVALID_FIELD")


def test_format_and_labels(org: Org):
    formats = "FORMAT(CloseDate) d, FORMAT(CreatedDate) c, FORMAT(Probability) p"
    found = table(org, f"SELECT {formats} FROM Opportunity WHERE Name = 'One'")
    assert found == [("1/10/2026", "1/5/2026, 9:00 AM", "10%")]
    other = Org().login()
    labels = {"labels": {"Hot": "Heiß"}}
    other.act("alter_schema", change="change_field", object="Account", field="Rating", definition=labels)
    other.create("Account", Name="A", Rating="Hot")
    assert other.rows("SELECT toLabel(Rating) FROM Account WHERE toLabel(Rating) = 'heiß'")[0]["Rating"] == "Heiß"
    assert other.rows("SELECT Rating FROM Account WHERE Rating = 'Hot'")[0]["Rating"] == "Hot"


# -- clauses ----------------------------------------------------------------------------------


def test_scopes_modes_and_marks(org: Org):
    assert len(org.rows("SELECT Id FROM Task USING SCOPE everything")) == 4
    assert len(org.rows("SELECT Id FROM Task USING SCOPE mine WHERE Subject != 'on deal'")) == 2
    assert org.query("SELECT Id FROM Task USING SCOPE team").code == "INVALID_QUERY_SCOPE"
    for mode in ("SECURITY_ENFORCED", "USER_MODE", "SYSTEM_MODE"):
        assert len(org.rows(f"SELECT Id FROM Account WITH {mode} LIMIT 1")) == 1
    assert org.query("SELECT Id FROM Account WITH NONSENSE").code == "MALFORMED_QUERY"
    before = org.rows("SELECT SystemModstamp, LastViewedDate FROM Account WHERE Name = 'Acme'")[0]
    assert before["LastViewedDate"] is None
    org.rows("SELECT Id FROM Account WHERE Name = 'Acme' FOR VIEW")
    after = org.rows("SELECT SystemModstamp, LastViewedDate, LastReferencedDate FROM Account WHERE Name = 'Acme'")[0]
    assert after["LastViewedDate"] == after["LastReferencedDate"] == "2026-01-05T09:00:00.000+0000"
    assert after["SystemModstamp"] == before["SystemModstamp"]
    assert len(org.rows("SELECT Id FROM Account FOR UPDATE")) == 2
    for wrong in ("FOR NOTHING", "ORDER BY Name FOR UPDATE"):
        assert org.query(f"SELECT Id FROM Account {wrong}").code == "MALFORMED_QUERY"


@pytest.mark.parametrize(
    ("where", "message"),
    [("Name = 'x' OR Id IN (SELECT AccountId FROM Contact)", "top level"),
     ("NOT Id IN (SELECT AccountId FROM Contact)", "top level"),
     ("ParentId IN (SELECT Id FROM Account)", "same object type"),
     ("Id IN (SELECT AccountId FROM Contact LIMIT 1)", "LIMIT"),
     ("Id IN (SELECT AccountId FROM Contact ORDER BY Id)", "ORDER"),
     (" AND ".join(f"Id IN (SELECT AccountId FROM {name})" for name in ("Contact", "Asset", "Order")), "Maximum 2")],
)  # fmt: skip
def test_limits_of_semi_joins(org: Org, where: str, message: str):
    reply = org.query(f"SELECT Id FROM Account WHERE {where}")
    assert reply.code == "MALFORMED_QUERY" and message in reply.message


def test_the_plan_of_a_query(org: Org):
    account = org.rows("SELECT Id FROM Account WHERE Name = 'Acme'")[0]["Id"]
    explain = "query?explain=SELECT+Id+FROM+Opportunity+WHERE+"
    plan = org.rest("GET", explain + f"AccountId='{account}'").json["plans"][0]
    assert (plan["leadingOperationType"], plan["fields"], plan["cardinality"]) == ("Index", ["AccountId"], 2)
    assert (plan["sobjectType"], plan["sobjectCardinality"], plan["relativeCost"]) == ("Opportunity", 4, 0.5)
    plan = org.rest("GET", explain + "NextStep='x'").json["plans"][0]
    assert (plan["leadingOperationType"], plan["relativeCost"]) == ("TableScan", 1.0) and plan["notes"]
    assert org.rest("GET", "query?explain=SELECT+Nope+FROM+Account").code == "INVALID_FIELD"
