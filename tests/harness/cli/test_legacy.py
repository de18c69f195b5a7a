"""`windtunnel legacy`: a file that was acknowledged in part, and its queue worked off, as a clerk types it."""

import asyncio
import json
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from harness.cli import app
from harness.cli import legacy as desk
from harness.cli.output import Refusal
from tests.simulators.erp_legacy.partner import Bill, customer
from tests.simulators.erp_legacy.world import World

KUNNR = "0000100001"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """A night that posted one of three bills; acts reach the ERP in process."""
    found = World()

    def act(verb: str, **arguments: Any) -> Any:
        try:
            return asyncio.run(found.act(verb, **arguments))
        except ValueError as error:
            raise Refusal(str(error)) from error

    async def night() -> None:
        await found.send("CUST", 1, customer("1", KUNNR))
        await found.send("BILL", 1, Bill("SG-000001").idoc("2"), Bill("SG-000002", kunnr="0000999999").idoc("3"),
                         Bill("SG-000003", gross="1745.00").idoc("4"))  # fmt: skip
        await found.send("BILL", 3, Bill("SG-000004").idoc("5"))  # ahead of its turn
        await found.run()

    asyncio.run(night())
    monkeypatch.setattr(desk, "act", act)
    return found


def type_(*words: str) -> Result:
    return CliRunner().invoke(app, ["legacy", *words], env={"COLUMNS": "200"})


def told(*words: str) -> Any:
    done = type_(*words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_a_part_is_acknowledged_and_the_rest_is_worked_off(world: World) -> None:
    files = {row["BASENAME"][:4] + row["BASENAME"][-1:]: row for row in told("files")["files"]}
    assert {name: (row["RESULT"], row["POSTED"], row["ERRORS"]) for name, row in files.items()} == {
        "CUST1": ("OK", 1, 0), "BILL1": ("PAR", 1, 2), "BILL3": ("", 0, 0),
    }  # fmt: skip
    assert files["BILL3"]["CODE"] == "SEQ_GAP" and "waiting for 000002" in type_("files").output
    head, _ = asyncio.run(world.answers(files["BILL1"]["BASENAME"]))
    assert head[43:46].strip() == "PAR" and head[66:82] == "00000001" + "00000002", "as the sender was told"

    stranger, unbalanced = told("queue")["documents"]
    assert "Customer 0000999999 is not defined" in type_("show", stranger["DOCNUM"]).output
    assert type_("retry", stranger["DOCNUM"]).exit_code == 1, "nothing has been put right"
    assert type_("edit", stranger["DOCNUM"], "KUNNR", KUNNR, "--who", "LIM").exit_code == 0
    posted = type_("retry", stranger["DOCNUM"].lstrip("0"))
    assert posted.exit_code == 0 and "is posted as SG01 1800000002" in posted.output
    assert type_("discard", unbalanced["DOCNUM"], "--why", "not ours").exit_code == 0
    assert "the queue is empty" in type_("queue").output

    asyncio.run(world.run())
    (row,) = told("files", files["BILL1"]["BASENAME"])["files"]
    assert (row["RESULT"], row["POSTED"], row["ERRORS"], row["answers"]) == ("PAR", 2, 1, 2)
    assert {doc["XBLNR"]: doc["STATUS"] for doc in row["documents"]} == {
        "SG-000001": "53", "SG-000002": "53", "SG-000003": "68",
    }  # fmt: skip
    assert "not ours" in type_("files", files["BILL1"]["BASENAME"]).output


@pytest.mark.parametrize(("words", "says"), [
    (("show", "77"), "not in the queue"), (("retry", "77"), "not in the queue"), (("files", "BILL_9"), "has come"),
    (("edit", "77", "KUNNR", KUNNR), "say --segment"), (("discard", "77", "--why", "x"), "not in the queue"),
])  # fmt: skip
@pytest.mark.usefixtures("world")
def test_what_is_not_there_is_refused(words: tuple[str, ...], says: str) -> None:
    done = type_(*words)
    assert isinstance(done.exception, Refusal) and says in str(done.exception)
