"""SOQL as integrations use it: filters, parents, children, order, dates, aggregates, and its complaints."""

import pytest

from tests.simulators.salesforce.org import Org, a_deal


@pytest.fixture(scope="module")
def org() -> Org:
    """Three accounts, four deals, two invoices; nothing in these tests changes them."""
    org = Org().login()
    deal = a_deal(org)
    beta = org.create("Account", Name="beta", Industry="Energy", NumberOfEmployees=5, BillingCity="Graz")
    org.create("Account", Name="Ärzte & Co", Industry="Banking", NumberOfEmployees=50, ParentId=deal["account"])
    line = {"OpportunityId": deal["opportunity"], "PricebookEntryId": deal["entry"]}
    org.create("OpportunityLineItem", **line, Quantity=2, UnitPrice=10.1)
    org.create("OpportunityLineItem", **line, Quantity=1, UnitPrice=20.2)
    org.time.now += 3_600
    for name, stage, close, amount, account in (
        ("Beta 1", "Closed Won", "2026-01-05", 10.1, beta), ("Beta 2", "Closed Lost", "2025-12-31", 20.2, beta),
        ("100% sure_thing", "Prospecting", "2026-02-28", None, None),
    ):  # fmt: skip
        org.create("Opportunity", Name=name, StageName=stage, CloseDate=close, Amount=amount, AccountId=account)
    org.create("Invoice__c", Invoice_Number__c="O'Neil \\ 1", Account__c=beta, Gross__c=5)
    org.create("Contact", LastName="May", AccountId=beta)
    return org


def names(org: Org, condition: str, sobject: str = "Opportunity") -> list[str]:
    return [row["Name"] for row in org.rows(f"SELECT Name FROM {sobject} WHERE {condition}")]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("Name = 'BETA 1'", ["Beta 1"]),
        ("name != 'beta 1' and AccountId != null", ["Acme 2026", "Beta 2"]),
        ("Amount = null", ["100% sure_thing"]),
        ("Amount != 10.1", ["Acme 2026", "Beta 2", "100% sure_thing"]),
        ("Amount > 10.1", ["Acme 2026", "Beta 2"]),
        ("NOT Amount > 10.1", ["Beta 1", "100% sure_thing"]),
        ("NOT (Amount > 10.1 OR Name LIKE 'beta%')", ["100% sure_thing"]),
        ("Name LIKE 'bet_ %'", ["Beta 1", "Beta 2"]),
        (r"Name LIKE '100\% sure\_%'", ["100% sure_thing"]),
        (r"Name LIKE '100\_%'", []),
        ("StageName IN ('closed won', 'Closed Lost')", ["Beta 1", "Beta 2"]),
        ("StageName NOT IN ('Closed Won')", ["Acme 2026", "Beta 2", "100% sure_thing"]),
        ("AccountId NOT IN ('001Wt0000000002IAA')", ["Acme 2026", "100% sure_thing"]),
        ("Account.Name = 'beta'", ["Beta 1", "Beta 2"]),
        ("Account.Name != 'beta'", ["Acme 2026", "100% sure_thing"]),
        ("Account.Industry = null", ["Acme 2026", "100% sure_thing"]),
        ("Account.Owner.Username LIKE 'integration@%'", ["Acme 2026", "Beta 1", "Beta 2"]),
        ("Opportunity.Account.Name = 'acme'", ["Acme 2026"]),
        ("IsWon = true", ["Beta 1"]),
        ("IsWon != true", ["Acme 2026", "Beta 2", "100% sure_thing"]),
        ("IsWon = null", ["Acme 2026", "Beta 2", "100% sure_thing"]),
        ("CloseDate = TODAY", ["Beta 1"]),
        ("CloseDate = THIS_YEAR AND CloseDate > TODAY", ["Acme 2026", "100% sure_thing"]),
        ("CloseDate < 2026-01-01", ["Beta 2"]),
        ("CloseDate = LAST_N_DAYS:5", ["Beta 1", "Beta 2"]),
        ("CloseDate = LAST_MONTH", ["Beta 2"]),
        ("CloseDate = NEXT_N_MONTHS:1", ["100% sure_thing"]),
        ("CALENDAR_YEAR(CloseDate) = 2025", ["Beta 2"]),
        ("CreatedDate >= 2026-01-05T10:00:00Z", ["Beta 1", "Beta 2", "100% sure_thing"]),
        ("CreatedDate < 2026-01-05T11:00:00+01:00", ["Acme 2026"]),
        ("CreatedDate = TODAY AND HOUR_IN_DAY(CreatedDate) = 9", ["Acme 2026"]),
        ("AccountId IN (SELECT Id FROM Account WHERE Industry = 'energy')", ["Beta 1", "Beta 2"]),
        ("AccountId NOT IN (SELECT AccountId FROM Contact)", ["Acme 2026", "100% sure_thing"]),
        ("Id IN (SELECT OpportunityId FROM OpportunityLineItem WHERE Quantity > 1)", ["Acme 2026"]),
        ("Id = '006Wt0000000001'", ["Acme 2026"]),
        ("Name = ''", []),
    ],
)
def test_filters(org: Org, condition: str, expected: list[str]):
    assert names(org, condition) == expected


def test_text_compares_without_case_beyond_ascii_and_escapes_are_understood(org: Org):
    assert names(org, "Name = 'ÄRZTE & CO'", "Account") == ["Ärzte & Co"]
    assert names(org, "Name LIKE 'är%'", "Account") == ["Ärzte & Co"]
    assert names(org, "Name IN ('ärzte & co', 'ACME')", "Account") == ["Acme", "Ärzte & Co"]
    found = org.rows(r"SELECT Invoice_Number__c FROM Invoice__c WHERE Invoice_Number__c = 'o\'neil \\ 1'")
    assert found[0]["Invoice_Number__c"] == "O'Neil \\ 1"


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("Name", ["100% sure_thing", "Acme 2026", "Beta 1", "Beta 2"]),
        ("Amount", ["100% sure_thing", "Beta 1", "Beta 2", "Acme 2026"]),
        ("Amount DESC", ["100% sure_thing", "Acme 2026", "Beta 2", "Beta 1"]),
        ("Amount DESC NULLS LAST", ["Acme 2026", "Beta 2", "Beta 1", "100% sure_thing"]),
        ("Account.Name DESC, Name DESC", ["100% sure_thing", "Beta 2", "Beta 1", "Acme 2026"]),
        ("AccountId NULLS LAST, Name", ["100% sure_thing", "Acme 2026", "Beta 1", "Beta 2"]),
        ("StageName, Name DESC", ["Acme 2026", "100% sure_thing", "Beta 1", "Beta 2"]),
        ("CloseDate DESC LIMIT 2 OFFSET 1", ["100% sure_thing", "Beta 1"]),
    ],
)
def test_order(org: Org, order: str, expected: list[str]):
    assert [row["Name"] for row in org.rows(f"SELECT Name FROM Opportunity ORDER BY {order}")] == expected


def test_parents_and_children_come_nested_in_the_order_of_the_query(org: Org):
    row = org.rows(
        "SELECT Account.Owner.Name, Id, Account.Name, "
        "(SELECT Quantity FROM OpportunityLineItems ORDER BY Quantity LIMIT 1) FROM Opportunity "
        "WHERE Name = 'Acme 2026'"
    )[0]
    assert list(row) == ["attributes", "Account", "Id", "OpportunityLineItems"]
    assert row["Account"]["Owner"]["Name"] == "Integration User" and row["Account"]["Name"] == "Acme"
    assert row["Account"]["attributes"]["type"] == "Account"
    lines = row["OpportunityLineItems"]
    assert lines["totalSize"] == 1 and lines["records"][0]["Quantity"] == 1.0
    other = org.rows(
        "SELECT Account.Name, (SELECT Id FROM OpportunityLineItems) FROM Opportunity WHERE AccountId = null"
    )
    assert other[0]["Account"] is None and other[0]["OpportunityLineItems"] is None


def test_aliases_and_canonical_names(org: Org):
    row = org.rows("select o.id, o.account.NAME from opportunity o where o.account.name = 'acme'")[0]
    assert row["Id"] == "006Wt0000000001IAA" and row["Account"]["Name"] == "Acme"
    assert (
        org.rows("SELECT a.Name FROM Opportunity o, o.Account a WHERE a.Name = 'Acme'")[0]["Account"]["Name"] == "Acme"
    )


def test_counts_and_aggregates(org: Org):
    assert org.query("SELECT count() FROM Opportunity WHERE AccountId != null").json == {
        "totalSize": 3, "done": True, "records": [],
    }  # fmt: skip
    found = org.rows(
        "SELECT Account.Name, COUNT(Id), SUM(Amount) total, MAX(CloseDate), AVG(Amount), COUNT(Amount) "
        "FROM Opportunity GROUP BY Account.Name HAVING COUNT(Id) > 1 ORDER BY COUNT(Id) DESC"
    )
    assert found == [{
        "attributes": {"type": "AggregateResult"}, "Name": "beta", "expr0": 2, "total": 30.3, "expr1": "2026-01-05",
        "expr2": 15.15, "expr3": 2,
    }]  # fmt: skip
    by_year = org.rows(
        "SELECT CALENDAR_YEAR(CloseDate) y, COUNT(Id) n FROM Opportunity GROUP BY CALENDAR_YEAR(CloseDate)"
    )
    assert [(row["y"], row["n"]) for row in by_year] == [(2025, 1), (2026, 3)]
    stages = org.rows("SELECT StageName FROM Opportunity GROUP BY StageName ORDER BY StageName")
    assert [row["StageName"] for row in stages] == ["Prospecting", "Closed Won", "Closed Lost"]
    assert org.rows("SELECT MAX(StageName) s, SUM(Amount) t FROM Opportunity")[0]["s"] == "Closed Lost"
    assert org.rows("SELECT COUNT_DISTINCT(AccountId) n FROM Opportunity")[0]["n"] == 2


def test_fields_functions_and_row_functions(org: Org):
    row = org.rows("SELECT FIELDS(ALL) FROM Account LIMIT 1")[0]
    assert row["Name"] == "Acme" and "Selling_Entity__c" in row
    assert "Selling_Entity__c" not in org.rows("SELECT FIELDS(STANDARD) FROM Account LIMIT 1")[0]
    row = org.rows("SELECT toLabel(StageName), FORMAT(Amount) a FROM Opportunity WHERE Name = 'Beta 1'")[0]
    assert row["StageName"] == "Closed Won" and row["a"] == "USD 10.10"


def test_the_recycle_bin_is_seen_by_query_all_and_all_rows_only():
    org = Org().login()
    gone = org.create("Account", Name="Gone")
    org.rest("DELETE", f"sobjects/Account/{gone}")
    assert org.rows("SELECT Id FROM Account") == []
    assert [row["IsDeleted"] for row in org.query("SELECT IsDeleted FROM Account", "queryAll").json["records"]] == [
        True
    ]
    assert len(org.rows("SELECT Id FROM Account ALL ROWS")) == 1


def test_stages_and_currencies_can_be_queried(org: Org):
    won = org.rows("SELECT ApiName, DefaultProbability FROM OpportunityStage WHERE IsWon = true")
    assert [(row["ApiName"], row["DefaultProbability"]) for row in won] == [("Closed Won", 100.0)]
    yen = org.rows("SELECT DecimalPlaces FROM CurrencyType WHERE IsoCode = 'JPY' AND IsActive = true")
    assert yen[0]["DecimalPlaces"] == 0


NO_COLUMN = (
    "If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. Please "
    "reference your WSDL or the describe call for the appropriate names."
)


@pytest.mark.parametrize(
    ("soql", "code", "message"),
    [
        ("SELECT Nope__c FROM Account", "INVALID_FIELD",
         "\nSELECT Nope__c FROM Account\n       ^\nERROR at Row:1:Column:8\n"
         f"No such column 'Nope__c' on entity 'Account'. {NO_COLUMN}"),
        ("select count() from XYZZY", "INVALID_TYPE",
         "\nselect count() from XYZZY\n                    ^\nERROR at Row:1:Column:21\n"
         "sObject type 'XYZZY' is not supported. If you are attempting to use a custom object, be sure to append the "
         "'__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names."),
        ("SELECT Id FROM Account WHERE Name = 'a' AND Site = 'b' OR Fax = 'c'", "MALFORMED_QUERY",
         "unexpected token: 'OR'"),
        ("SELECT Id\nFROM Account\nWHERE Nam = 'x'", "INVALID_FIELD",
         "\nWHERE Nam = 'x'\n      ^\nERROR at Row:3:Column:7\n"),
        ("SELECT FROM Account", "MALFORMED_QUERY", "unexpected token: 'FROM'"),
        ("SELECT Id FROM Account WHERE", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        ("SELECT Id FROM Account WHERE Name = 'x", "MALFORMED_QUERY", "unexpected token"),
        ("SELECT Id FROM Account WHERE Name = x", "MALFORMED_QUERY", ""),
        ("SELECT Id, Name n FROM Account", "MALFORMED_QUERY", "only aggregate expressions use field aliasing"),
        ("SELECT Name, COUNT(Id) FROM Account", "MALFORMED_QUERY", "Field must be grouped or aggregated: Name"),
        ("SELECT Id, id FROM Account", "INVALID_FIELD", "duplicate field selected: id"),
        ("SELECT Id FROM Account WHERE Name = 5", "INVALID_FIELD",
         "value of filter criterion for field 'Name' must be of type string and should be enclosed in quotes"),
        ("SELECT Id FROM Account WHERE CreatedDate > '2026-01-01T00:00:00Z'", "INVALID_FIELD",
         "value of filter criterion for field 'CreatedDate' must be of type dateTime and should not be enclosed "
         "in quotes"),
        ("SELECT Id FROM Opportunity WHERE CloseDate > 2026-01-01T00:00:00Z", "INVALID_FIELD",
         "must be of type date and"),
        ("SELECT Id FROM Account WHERE NumberOfEmployees = '5'", "INVALID_FIELD", "must be of type int and should not"),
        ("SELECT Id FROM Account WHERE Id = 'abc'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: abc"),
        ("SELECT Id FROM Account WHERE Id LIKE '001%'", "INVALID_QUERY_FILTER_OPERATOR",
         "invalid operator on id field"),
        ("SELECT Id FROM Account WHERE Description = 'x'", "INVALID_FIELD",
         "field 'Description' can not be filtered in a query call"),
        ("SELECT Id FROM Account ORDER BY Description", "INVALID_FIELD", "field 'Description' can not be sorted"),
        ("SELECT AnnualRevenue FROM Account GROUP BY AnnualRevenue", "INVALID_FIELD",
         "can not be grouped in a query call"),
        ("SELECT Nope.Name FROM Account", "INVALID_FIELD", "Didn't understand relationship 'Nope' in field path."),
        ("SELECT (SELECT Id FROM Nopes) FROM Account", "INVALID_TYPE",
         "Didn't understand relationship 'Nopes' in FROM part"),
        ("SELECT Id FROM Account OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000"),
        ("SELECT Id FROM Account LIMIT -1", "MALFORMED_QUERY", "unexpected token: '-1'"),
        ("SELECT FIELDS(ALL) FROM Account", "MALFORMED_QUERY", "must have a LIMIT of at most 200"),
        ("SELECT SUM(Name) FROM Account", "MALFORMED_QUERY", "does not support aggregate operator SUM"),
        (r"SELECT Id FROM Account WHERE Name = 'a\q'", "MALFORMED_QUERY", r"Illegal character sequence '\q'"),
        ("SELECT Id FROM Opportunity WHERE CloseDate = 2026-02-30", "MALFORMED_QUERY", "Invalid date: 2026-02-30"),
        ("SELECT Id FROM Account WHERE Id IN (SELECT Name FROM Contact)", "MALFORMED_QUERY",
         "must be an id or reference"),
        ("SELECT Id FROM Account; DROP TABLE Account", "MALFORMED_QUERY", "unexpected token: ';'"),
    ],
)  # fmt: skip
def test_complaints_show_the_place(org: Org, soql: str, code: str, message: str):
    for _ in range(2):
        reply = org.query(soql)
        assert (reply.status, reply.code) == (400, code)
        assert message in reply.message
        assert list(reply.json[0]) == ["message", "errorCode"]


def test_a_missing_query_is_malformed(org: Org):
    assert org.rest("GET", "query").code == "MALFORMED_QUERY"
    assert org.rest("GET", "query?q=").code == "MALFORMED_QUERY"


def test_values_of_a_cached_shape_are_checked_each_time(org: Org):
    assert names(org, "CloseDate = 2026-01-05") == ["Beta 1"]
    assert org.query("SELECT Name FROM Opportunity WHERE CloseDate = 2026-13-05").code == "MALFORMED_QUERY"
    assert names(org, "CloseDate = 2025-12-31") == ["Beta 2"]
    assert names(org, "Name IN ('beta 1', 'beta 2')") == ["Beta 1", "Beta 2"]
    assert names(org, "Name IN ('beta 1', 'x', 'y', 'acme 2026')") == ["Acme 2026", "Beta 1"]
    assert names(org, "Name = 'beta 1'") == ["Beta 1"]
    assert org.query("SELECT Name FROM Opportunity WHERE Name = 'beta 1', 'beta 2'").code == "MALFORMED_QUERY"


def test_the_query_plan_says_whether_an_index_leads(org: Org):
    plan = org.rest("GET", "query?explain=SELECT+Id+FROM+Invoice__c+WHERE+Invoice_Number__c='x'").json["plans"][0]
    assert plan["leadingOperationType"] == "Index" and plan["sobjectType"] == "Invoice__c"
    plan = org.rest("GET", "query?explain=SELECT+Id+FROM+Invoice__c+WHERE+Invoice_Number__c+IN+('x','y')").json[
        "plans"
    ][0]
    assert plan["leadingOperationType"] == "Index"
