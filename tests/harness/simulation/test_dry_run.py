"""A dry run of all that a core was ever told, in a company at work."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from harness.sandbox import Sandbox, SimulatedHost

WORK = """
- customer: {id: hudson, name: Hudson Analytics, entity: US, country: US, state: NY, city: New York, pays_by: card}
- customer: {id: orchard, name: Orchard, entity: SG, country: SG, city: Singapore, pays_by: transfer}
- deal: {id: h, customer: hudson, lines: [{sku: PLAT-ANNUAL, quantity: 10}]}
- deal: {id: o, customer: orchard, lines: [{sku: PLAT-ANNUAL, quantity: 10}]}
- close: [h, o]
- settle
- pay_by_card: h
- settle
"""


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    host = SimulatedHost("default")
    yield host.fresh()
    host.close()


def rehearsed(sandbox: Sandbox, **order: Any) -> list[dict[str, Any]]:
    status, answer = sandbox.run(sandbox.world.core("POST", "/replay", {"dry": True, **order}))
    assert status == 200 and answer["work"] == len(answer["rehearsed"])
    found: list[dict[str, Any]] = answer["rehearsed"]
    return found


def test_what_is_done_is_nothing_to_do_and_what_waits_says_for_what(sandbox: Sandbox):
    sandbox.play(WORK)
    before = sandbox.evidence()
    found = rehearsed(sandbox)
    assert Counter(row["outcome"].partition(":")[0] for row in found) == {"nothing to do": 4, "would wait": 1}
    assert next(row for row in found if row["outcome"] != "nothing to do")["process"] == "order-activation"
    after = sandbox.evidence()
    assert (after.canon, after.work, after.exceptions) == (before.canon, before.work, before.exceptions)


def test_what_a_replay_would_write_is_told_field_by_field_and_not_written(sandbox: Sandbox):
    sandbox.play(WORK)
    sandbox.play("- fix_account: {customer: hudson, name: Hudson Analytics Inc}")
    found = rehearsed(sandbox, source="salesforce")
    writes = [write for row in found for write in row["writes"]]
    told = {write["target"].rpartition("/")[0]: write["fields"] for write in writes}
    assert set(told) == {"/api/v2/customers", "/services/rest/record/v1/customer"}, told
    assert told["/api/v2/customers"] == {"company": ["Hudson Analytics", "Hudson Analytics Inc"]}
    assert told["/services/rest/record/v1/customer"]["companyName"] == ["Hudson Analytics", "Hudson Analytics Inc"]
    names = {row.name for row in sandbox.evidence().canon.customers if row.system == "subscriptions"}
    assert "Hudson Analytics Inc" not in names
    sandbox.settle()
    assert not [row for row in rehearsed(sandbox, source="salesforce") if row["writes"]]


NEW = """
- disturb: {id: busy, system: subscriptions, kind: server_error_before, operation: customer.create, times: 0, lasts: 3h}
- customer: {id: hudson, name: Hudson Analytics, entity: US, country: US, state: NY, city: New York, pays_by: card}
- deal: {id: h, customer: hudson, lines: [{sku: PLAT-ANNUAL, quantity: 10}]}
- close: h
- advance: 5m
"""


def test_all_writes_of_a_new_deal_are_told_up_to_those_that_hang_on_answers(sandbox: Sandbox):
    sandbox.play(NEW)
    before = sandbox.evidence()
    row = next(row for row in rehearsed(sandbox, source="salesforce") if row["process"] == "order-activation")
    assert row["outcome"] == "would write"
    targets = [write["target"] for write in row["writes"]]
    assert targets[0].endswith("/customers")
    assert any("subscription_for_items" in target or "create_with_items" in target for target in targets), targets
    assert len(targets) >= 3, "the customer in the ledger too"
    after = sandbox.evidence()
    assert after.canon == before.canon and after.work == before.work
