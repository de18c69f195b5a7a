"""Verification itself under test: planted pacts that must turn it red, and what it says of them."""

import asyncio
import copy
import dataclasses
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from harness.contracts import verify as verification
from harness.contracts.documents import CONTRACTS
from harness.contracts.pacts import PactFile, read_pact
from harness.contracts.told import told_events
from harness.contracts.verify import Verification, verify
from tests.broken.alter import store

BILL = "a bill with lines and taxes"
PLATFORM = json.loads((CONTRACTS / "pacts" / "synccore-subscriptions.json").read_text())
WAREHOUSE = json.loads((CONTRACTS / "pacts" / "finance-warehouse-synccore.json").read_text())
EVENT = {"type": "windtunnel.invoice-issued", "specversion": "1.0", "id": "1", "source": "/x", "subject": "US-1",
         "partitionkey": "0" * 18, "time": "2026-01-05T09:00:00.000+00:00"}  # fmt: skip


class Asleep:
    """A provider that takes requests and never answers."""

    @staticmethod
    async def app(scope: Any, *_given: Any) -> None:
        if scope["type"] != "http":
            raise NotImplementedError(scope["type"])
        await asyncio.Event().wait()


def planted(folder: Path, pact: Any, *interactions: Any) -> PactFile:
    path = folder / "planted.json"
    path.write_text(json.dumps({**pact, "interactions": list(interactions)}))
    return read_pact(path)


def named(pact: Any, description: str) -> Any:
    (found,) = [one for one in pact["interactions"] if one["description"] == description]
    return copy.deepcopy(found)


def verified(pact: PactFile, **more: Any) -> Verification:
    return verify(pact, **more)


def test_a_pact_without_interactions_is_red(tmp_path: Path) -> None:
    done = verified(planted(tmp_path, PLATFORM))
    assert (done.success, done.checked, done.unknown) == (False, 0, "")
    assert "nothing is proven" in done.problems[0].problem


def test_a_field_that_the_provider_does_not_answer_is_red_and_placed(tmp_path: Path) -> None:
    bill = named(PLATFORM, BILL)
    invoice = bill["response"]["body"]["content"]["invoice"]
    invoice["amount_outstanding"] = invoice.pop("amount_due")
    done = verified(planted(tmp_path, PLATFORM, bill, named(PLATFORM, "all customers")))
    assert (done.success, done.checked) == (False, 2)
    (problem,) = done.problems
    assert (problem.interaction, problem.at, problem.problem) == (
        BILL,
        "$.invoice.amount_outstanding",
        "it is not there",
    )


def test_a_request_that_the_provider_refuses_is_told_in_its_own_words(tmp_path: Path) -> None:
    bill = named(PLATFORM, "all customers")
    bill["request"]["query"]["limit"] = ["100000"]
    (problem,) = verified(planted(tmp_path, PLATFORM, bill)).problems
    assert problem.at == "limit"
    assert problem.problem.startswith("expected 200 but was 400; it said: ")


def test_a_pending_interaction_is_reported_and_not_held_against(tmp_path: Path) -> None:
    bill = {**named(PLATFORM, BILL), "pending": True}
    bill["response"]["status"] = 418
    done = verified(planted(tmp_path, PLATFORM, bill, named(PLATFORM, "all customers")))
    assert (done.success, done.pending) == (True, 1)
    assert [one.pending for one in done.problems] == [True]


def test_an_unknown_provider_state_is_red_at_once_with_the_known_ones(tmp_path: Path) -> None:
    bill = named(PLATFORM, BILL)
    bill["providerStates"] = [{"name": "a bill on Mars"}]
    done = verified(planted(tmp_path, PLATFORM, bill))
    assert not done.success
    assert any("a bill on Mars" in one.problem and "a customer" in one.problem for one in done.problems)


def test_an_event_without_a_field_that_a_consumer_reads_is_red(tmp_path: Path) -> None:
    issued = named(WAREHOUSE, "invoice-issued with its tax")
    data = {"invoice": "US-1", "gross": 100, "tax": 0, "currency": "USD"}
    pact = planted(tmp_path, WAREHOUSE, issued)
    assert verified(pact, events={"invoice-issued": {**EVENT, "data": data}}).success
    renamed = {**EVENT, "data": {"total" if name == "gross" else name: value for name, value in data.items()}}
    done = verified(pact, events={"invoice-issued": renamed})
    assert [one.at for one in done.problems] == ["$.data.gross"]
    nothing = verified(pact, events={})
    assert not nothing.success and nothing.problems


def test_a_field_of_a_file_at_another_place_is_red_and_named(tmp_path: Path) -> None:
    reviewed = json.loads((CONTRACTS / "layouts" / "synccore-erp_legacy.json").read_text())
    (tmp_path / "layouts").mkdir()
    path = tmp_path / "layouts" / "planted.json"
    path.write_text(json.dumps(reviewed))
    assert verified(read_pact(path)).success
    reviewed["records"]["ZSUBPAY"]["fields"]["WRBTR"] = [60, 13]
    reviewed["records"]["DOC"]["length"] = 161
    reviewed["records"]["ZNEW"] = {"length": 1, "fields": {}}
    path.write_text(json.dumps(reviewed))
    done = verified(read_pact(path))
    assert not done.success
    assert {(one.at, one.problem) for one in done.problems} == {
        ("ZSUBPAY.WRBTR", "it is at 60+16, not at 60+13"), ("DOC", "it has 160 characters, not 161"),
        ("ZNEW", "the provider has no such record"),
    }  # fmt: skip


def test_a_core_that_tells_a_renamed_field_past_its_own_check_is_red(tmp_path: Path) -> None:
    """Planted: nothing in the core stops it, so its consumers' pact must."""

    def renaming(log: Any) -> Any:
        def append(event: Any) -> bool:
            data = {"total" if name == "gross" else name: value for name, value in event.data.items()}
            return bool(log.append(dataclasses.replace(event, data=data)))

        return {"append": append}

    def change(parts: Any) -> Any:
        return store(parts, "events", renaming)

    done = verify(read_pact(CONTRACTS / "pacts" / "account-team-feed-synccore.json"),
                  events=told_events(["new-business"], change))  # fmt: skip
    assert [(one.interaction, one.at) for one in done.problems] == [("invoice-issued to a customer", "$.data.gross")]


def test_a_provider_of_others_and_one_that_never_answers_have_no_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = {**PLATFORM, "provider": {"name": "tax-engine"}}
    done = verified(planted(tmp_path, elsewhere, named(PLATFORM, "all customers")))
    assert (done.success, "no system of this tree" in done.unknown) == (False, True)
    monkeypatch.setattr(verification, "system_app", lambda _name: Asleep)
    done = verified(planted(tmp_path, PLATFORM, named(PLATFORM, BILL)), limit_s=0.2)
    assert (done.success, done.unknown) == (False, "no end within 0.2 s")
    for thread in threading.enumerate():  # its last words belong to this test
        if thread.name == verification.THREAD:
            thread.join()
