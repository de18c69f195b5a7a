"""SOSL: what a search finds, where it looks, what it returns; and that nothing sent as a search breaks anything."""

from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.simulators.salesforce.org import Org, Reply


@pytest.fixture(scope="module")
def org() -> Org:
    org = Org().login()
    org.seed({
        "Account": [{"@": "a", "Name": "Acme Corp", "Phone": "555 1234", "Site": "Graz"},
                    {"Name": "Acme Österreich", "Description": "makes anvils"}, {"Name": "Beta", "Site": "corp acme"},
                    {"Name": "Acmeister"}],
        "Contact": [{"LastName": "Acme", "FirstName": "Ann", "Email": "ann@beta.example", "AccountId": "@a"}],
    })  # fmt: skip
    org.rest("DELETE", f"sobjects/Account/{org.create('Account', Name='Acme Deleted')}")
    return org


def ask(org: Org, text: str) -> Reply:
    return org.rest("GET", f"search?q={quote_plus(text)}")


def names(reply: Reply) -> list[Any]:
    assert reply.status == 200, reply.content
    return [row["Name"] for row in reply.json["searchRecords"]]


@pytest.mark.parametrize(
    ("term", "found"),
    [
        ("acme", ["Acme Corp", "Acme Österreich", "Beta"]), ("ACME AND corp", ["Acme Corp", "Beta"]),
        ("acme corp", ["Acme Corp", "Beta"]), ('"acme corp"', ["Acme Corp"]),
        ("acme AND NOT corp", ["Acme Österreich"]),
        ("acme*", ["Acme Corp", "Acme Österreich", "Beta", "Acmeister"]), ("a?vils", ["Acme Österreich"]),
        ("graz OR (beta AND corp)", ["Acme Corp", "Beta"]), ("österreich", ["Acme Österreich"]), ("nothing", []),
        ("555", ["Acme Corp"]), ("acm", []), (r"555\-1234", ["Acme Corp"]),
    ],
)  # fmt: skip
def test_what_a_term_finds(org: Org, term: str, found: list[str]):
    assert names(ask(org, f"FIND {{{term}}} RETURNING Account(Name)")) == found


def test_where_it_looks_and_what_it_returns(org: Org):
    assert names(ask(org, "FIND {acme} IN NAME FIELDS RETURNING Account(Name ORDER BY Name DESC)")) == [
        "Acme Österreich", "Acme Corp"
    ]  # fmt: skip
    assert names(ask(org, "FIND {beta} IN EMAIL FIELDS RETURNING Account(Name), Contact(Name, Account.Name)")) == [
        "Ann Acme"
    ]
    assert names(ask(org, "find {acme} returning Account(Name where Site in ('Graz', 'x, (y') limit 5)")) == [
        "Acme Corp"
    ]
    assert names(ask(org, "FIND {acme} RETURNING Account(Name ORDER BY Name LIMIT 1 OFFSET 1)")) == ["Acme Österreich"]
    everything = ask(org, "FIND {acme}").json["searchRecords"]
    assert [row["attributes"]["type"] for row in everything] == ["Account"] * 3 + ["Contact"]
    assert set(everything[0]) == {"attributes", "Id"}
    assert len(ask(org, "FIND {acme} IN ALL FIELDS RETURNING Account, Contact LIMIT 2").json["searchRecords"]) == 2


def test_the_same_by_parameters_and_by_a_body(org: Org):
    path = (
        "parameterizedSearch?q=acme&sobject=Account,Contact&Account.fields=Id,Name&Account.limit=1&Contact.fields=Name"
    )
    assert names(org.rest("GET", path)) == ["Acme Corp", "Ann Acme"]
    body = {"q": "acme", "in": "NAME", "fields": ["Name"], "defaultLimit": 5, "overallLimit": 2,
            "sobjects": [{"name": "Contact"},
                         {"name": "Account", "where": "Site = null", "fields": ["Name"]}]}  # fmt: skip
    assert names(org.rest("POST", "parameterizedSearch", body)) == ["Ann Acme", "Acme Österreich"]
    for wrong in ({}, {"q": "acme", "in": "FEET"}, {"q": "acme", "sobjects": [1]}, {"q": "acme", "sobjects": [{}]}):
        assert org.rest("POST", "parameterizedSearch", wrong).status == 400


@pytest.mark.parametrize(
    ("text", "code"),
    [("", "MALFORMED_SEARCH"), ("acme", "MALFORMED_SEARCH"), ("FIND {a}", "MALFORMED_SEARCH"),
     ("FIND {(acme}", "MALFORMED_SEARCH"), ("FIND {acme OR}", "MALFORMED_SEARCH"),
     ("FIND {acme} RETURNING", "MALFORMED_SEARCH"),
     ("FIND {acme} RETURNING Account(Name WHERE Name != null GROUP BY Name)", "MALFORMED_SEARCH"),
     ("FIND {acme} RETURNING Nope", "INVALID_TYPE"), ("FIND {acme} RETURNING Account(Nope)", "INVALID_FIELD"),
     ("FIND {acme} RETURNING Account(Id FROM User)", "MALFORMED_SEARCH"),
     ("FIND {acme} RETURNING Account(Id, (SELECT Id FROM Contacts))", "MALFORMED_SEARCH"),
     ("FIND {acme} RETURNING _session(Id)", "INVALID_TYPE"), ("FIND {" + "(" * 500 + "acme}", "MALFORMED_SEARCH")],
)  # fmt: skip
def test_searches_that_make_no_sense(org: Org, text: str, code: str):
    assert ask(org, text).code == code


PIECES = [
    "FIND", "{", "}", "{acme}", "RETURNING", "Account", "(", ")", "Name", ",", "WHERE", "Name = 'x'", "'", "LIMIT", "5",
    "IN", "ALL", "FIELDS", '"', "*", "?", "\\", "AND", "OR", "NOT", "ä", "\x00", "WITH", "--", "%", "_",
    "GROUP BY Name",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=14).map(" ".join))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_search(org: Org, text: str):
    for one in (text, f"FIND {{{text}}} RETURNING Account(Name)", f"FIND {{acme}} RETURNING Account({text})"):
        assert ask(org, one).status in (200, 400), one
