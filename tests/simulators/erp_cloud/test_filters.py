"""The `q` of record lists: operators by field type, precedence, and what is refused."""

from urllib.parse import quote_plus

import pytest

from tests.simulators.erp_cloud.world import World


@pytest.fixture(scope="module")
def world() -> World:
    world = World()
    for name, more in (
        ("c1", {"companyName": "Acme", "email": "a@b.c", "creditLimit": 100}),
        ("c2", {"companyName": "Acorn Ltd", "isInactive": True}),
        ("c3", {"companyName": 'Bell "Q" & 100%', "creditLimit": 250.5}),
    ):
        world.customer(name, **more)
    world.time[0] += 86_400
    world.token = ""
    world.customer("c4", companyName="acme", subsidiary="2")
    world.call("POST", "/record/v1/invoice", {
        "entity": {"externalId": "CB-c1"}, "tranDate": "2026-02-01", "item": {"items": [{"item": "22", "amount": 5}]},
    })  # fmt: skip
    return world


def found(world: World, q: str, record: str = "customer") -> list[str]:
    answer = world.call("GET", f"/record/v1/{record}?q={quote_plus(q)}")
    assert answer.status == 200, answer.body
    return [str(int(item["id"]) - 500) for item in answer.json["items"]]


@pytest.mark.parametrize(
    ("q", "ids"),
    [
        ('companyName IS "Acme"', "1 4"),
        ("companyName IS_NOT Acme", "2 3"),
        ('companyName START_WITH "Ac"', "1 2 4"),
        ('companyname CONTAIN "100%"', "3"),
        ('companyName CONTAIN "%"', "3"),
        (r'companyName CONTAIN "\"Q\""', "3"),
        ("companyName END_WITH ltd", "2"),
        ("email EMPTY", "2 3 4"),
        ("email EMPTY_NOT", "1"),
        ("isInactive IS true", "2"),
        ("isInactive IS_NOT true", "1 3 4"),
        ("subsidiary ANY_OF [2]", "4"),
        ("subsidiary ANY_OF_NOT [2, 3]", "1 2 3"),
        ("externalId IS CB-c3", "3"),
        ("id ANY_OF [501, 503]", "1 3"),
        ("creditLimit GREATER 100", "3"),
        ("creditLimit GREATER_OR_EQUAL 100", "1 3"),
        ("creditLimit BETWEEN [50, 150]", "1"),
        ("creditLimit EQUAL 250.5", "3"),
        ('dateCreated ON "1/5/2026"', "1 2 3"),
        ('dateCreated AFTER "1/5/2026"', "4"),
        ('dateCreated ON_OR_BEFORE "1/6/2026"', "1 2 3 4"),
        ('companyName START_WITH "Ac" AND isInactive IS true OR subsidiary ANY_OF 2', "2 4"),
        ('companyName START_WITH "Ac" AND (isInactive IS true OR subsidiary ANY_OF 2)', "2 4"),
        ("email EMPTY and companyName IS Nobody", ""),
    ],
)
def test_operators(world: World, q: str, ids: str) -> None:
    assert found(world, q) == ids.split()


def test_transactions_are_filtered_within_their_type(world: World) -> None:
    assert found(world, 'tranDate WITHIN ["1/1/2026", "2/28/2026"]', "invoice") == ["501"]
    assert found(world, "total EQUAL 5", "creditMemo") == []


@pytest.mark.parametrize(
    "q",
    [
        "companyName", "companyName IS", "nothing IS 1", "companyName GREATER 1", "creditLimit CONTAIN 1",
        "(email EMPTY", "email EMPTY)", "addressBook IS 1", 'companyName IS "open', "creditLimit EQUAL x",
        "dateCreated ON 2026-01-05", "isInactive IS maybe", "creditLimit BETWEEN [1]", "subsidiary ANY_OF []",
        "subsidiary ANY_OF [1", "email EMPTY email", "(" * 60 + "email EMPTY" + ")" * 60, "companyName IS (", "AND",
        "x" * 10_001,
    ],
)  # fmt: skip
def test_what_cannot_be_understood(world: World, q: str) -> None:
    answer = world.call("GET", f"/record/v1/customer?q={quote_plus(q)}")
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER")
    assert answer.json["o:errorDetails"][0]["o:errorQueryParam"] == "q"
