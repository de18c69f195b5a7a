"""The columns of a query, as the vendor's own CLI asks for them; it lays rows out by nothing else."""

from typing import Any
from urllib.parse import quote_plus

import pytest

from tests.simulators.salesforce.org import Org, Reply


@pytest.fixture(scope="module")
def org() -> Org:
    return Org().login()


def ask(org: Org, text: str) -> Reply:
    return org.rest("GET", f"query?q={quote_plus(text)}&columns=true")


def columns(org: Org, text: str) -> Any:
    return ask(org, text).json


def paths(found: list[dict[str, Any]]) -> list[str]:
    """Every leaf with the way to it."""
    leaves = []
    for column in found:
        inner = paths(column["joinColumns"])
        leaves += [f"{column['columnName']}.{path}" for path in inner] or [column["columnName"]]
    return leaves


def test_fields_parents_and_child_lists_in_the_order_of_the_query(org: Org):
    found = columns(org, "SELECT Name, Owner.Name, (SELECT LastName FROM Contacts), AnnualRevenue FROM Account")
    assert paths(found["columnMetadata"]) == ["Name", "Owner.Name", "Contacts.LastName", "AnnualRevenue"]
    name, owner, contacts, revenue = found["columnMetadata"]
    assert (name["apexType"], name["textType"], name["aggregate"]) == ("String", True, False)
    assert (owner["foreignKeyName"], owner["apexType"], owner["aggregate"]) == ("OwnerId", None, False)
    assert (contacts["aggregate"], contacts["joinColumns"][0]["insertable"]) == (True, True)
    assert (revenue["numberType"], revenue["textType"]) == (True, False)
    assert (found["entityName"], found["keyPrefix"], found["idSelected"], "records" in found) == (
        "Account", "001", False, False,
    )  # fmt: skip
    assert columns(org, "SELECT Id FROM Account")["idSelected"] is True


def test_functions_have_an_alias_or_expr_and_say_what_they_are_of(org: Org):
    text = "SELECT StageName, AVG(Amount), COUNT(Id) n, CALENDAR_YEAR(CloseDate) FROM Opportunity GROUP BY StageName, "
    found = columns(org, text + "CALENDAR_YEAR(CloseDate)")
    shown = [(one["columnName"], one["displayName"], one["aggregate"]) for one in found["columnMetadata"]]
    assert shown == [
        ("StageName", "StageName", False), ("expr0", "avg(Amount)", True), ("n", "count(Id)", True),
        ("expr1", "calendar_year(CloseDate)", True),
    ]  # fmt: skip
    assert found["groupBy"] is True


def test_of_a_count_there_are_none_and_of_several_kinds_of_parents_all(org: Org):
    assert columns(org, "SELECT COUNT() FROM Account")["columnMetadata"] == []
    text = "SELECT TYPEOF What WHEN Account THEN Phone, Name WHEN Opportunity THEN Amount, Name END FROM Task"
    assert paths(columns(org, text)["columnMetadata"]) == ["What.Phone", "What.Name", "What.Amount"]


def test_what_cannot_be_asked_has_no_columns_either(org: Org):
    assert ask(org, "SELECT Nothing FROM Account").code == "INVALID_FIELD"
