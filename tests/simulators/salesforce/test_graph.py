"""Composite graphs: each is done whole or not at all, whatever becomes of the others."""

from typing import Any

import pytest

from tests.simulators.salesforce.org import ROOT, Org, Reply


@pytest.fixture
def org() -> Org:
    return Org().login()


def node(
    reference: str, sobject: str = "Account", method: str = "POST", path: str = "", **fields: Any
) -> dict[str, Any]:
    return {"method": method, "url": f"{ROOT}/sobjects/{sobject}{path}", "referenceId": reference, "body": fields}


def graph(name: str, *nodes: dict[str, Any]) -> dict[str, Any]:
    return {"graphId": name, "compositeRequest": list(nodes)}


def send(org: Org, *graphs: Any) -> Reply:
    return org.rest("POST", "composite/graph", {"graphs": list(graphs)})


def test_a_good_graph_stays_and_a_bad_one_leaves_nothing(org: Org):
    reply = send(
        org,
        graph("good", node("a", Name="Acme"), node("c", "Contact", LastName="Ann", AccountId="@{a.id}")),
        graph("bad", node("a", Name="Beta"), node("x", "Contact"), node("c", "Contact", AccountId="@{a.id}")),
        graph("after", node("a", "Account", "PATCH", "/Billing_Customer_Id__c/cb_1", Name="Gamma")),
    )  # fmt: skip
    assert reply.status == 200
    good, bad, after = reply.json["graphs"]
    assert [one["isSuccessful"] for one in (good, bad, after)] == [True, False, True]
    made = good["graphResponse"]["compositeResponse"]
    assert [one["httpStatusCode"] for one in made] == [201, 201]
    assert made[0]["httpHeaders"]["Location"].endswith(made[0]["body"]["id"])
    halted, culprit, never = bad["graphResponse"]["compositeResponse"]
    assert culprit["body"][0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    for innocent in (halted, never):
        assert innocent["httpStatusCode"] == 400
        assert innocent["body"] == [{
            "errorCode": "PROCESSING_HALTED",
            "message": "The transaction was rolled back since another operation in the same transaction failed.",
        }]  # fmt: skip
    assert [row["Name"] for row in org.rows("SELECT Name FROM Account ORDER BY Name")] == ["Acme", "Gamma"]
    assert org.rows("SELECT Account.Name FROM Contact")[0]["Account"]["Name"] == "Acme"


def test_graphs_do_not_see_each_others_references(org: Org):
    one, two = send(org, graph("g1", node("a", Name="A")), graph("g2", node("b", Name="@{a.id}"))).json["graphs"]
    assert (one["isSuccessful"], two["isSuccessful"]) == (True, False)
    assert "Invalid reference specified" in two["graphResponse"]["compositeResponse"][0]["body"][0]["message"]


@pytest.mark.parametrize(
    "graphs",
    [
        [],
        ["x"],
        [graph("a b", node("a"))],
        [graph("g", node("a")), graph("g", node("a"))],
        [graph("g", node("a"), node("a"))],
        [graph(f"g{n}", node("a", Name="A")) for n in range(76)],
        [graph("g", *(node(f"n{n}", Name="A") for n in range(501)))],
        [graph(f"g{k}", *(node(f"n{n}", Name="A") for n in range(251))) for k in range(2)],
        [graph("g", {"method": "GET", "url": f"{ROOT}/query?q=SELECT+Id+FROM+Account", "referenceId": "q"})],
        [graph("g", {"method": "POST", "url": f"{ROOT}/composite/sobjects", "referenceId": "q"})],
    ],
)
def test_what_no_graph_may_be(org: Org, graphs: Any):
    reply = send(org, *graphs)
    assert (reply.status, reply.code) == (400, "INVALID_INPUT")
    assert org.rows("SELECT Id FROM Account") == []


def test_five_hundred_nodes_are_taken_and_versions_before_fifty_have_no_graphs(org: Org):
    reply = send(org, graph("g", *(node(f"n{n}", Name=f"A{n}") for n in range(500))))
    assert reply.json["graphs"][0]["isSuccessful"]
    assert org.query("SELECT count() FROM Account").json["totalSize"] == 500
    body = {"graphs": [graph("g", node("a", Name="A"))]}
    assert org.call("POST", "/services/data/v49.0/composite/graph", body).status == 404
