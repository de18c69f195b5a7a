"""Which account stands for one that was merged away, also when that one was merged itself."""

import asyncio
from typing import Any

from synccore.ports.systems import Rejected
from synccore.systems.salesforce_merges import Merges

A, B, C, D = (f"001Wt000000000{number}IAA" for number in range(1, 5))


class Org:
    def __init__(self, **into: str) -> None:
        self.into, self.asked = into, list[str]()

    async def ask(self, text: str) -> list[dict[str, Any]]:
        self.asked.append(text)
        return [{"Id": one, "MasterRecordId": into} for one, into in self.into.items() if one in text]


def refusal(code: str) -> Rejected:
    return Rejected("salesforce", "record.upsert", 400, code, "entity is deleted")


def test_a_chain_of_mergers_leads_to_the_one_that_is_left():
    org = Org(**{A: B, B: C})
    merges = Merges(org.ask)
    assert merges.now(f"/Account/{A}") == f"/Account/{A}"
    assert asyncio.run(merges.learnt(refusal("ENTITY_IS_DELETED"), f'{{"Account__c": "{A}", "Other": "{D}"}}'))
    assert merges.now(f"{A} {B} {C} {D}") == f"{C} {C} {C} {D}"
    assert len(org.asked) == 3  # A and D, then B, then C


def test_what_was_deleted_and_not_merged_stays_refused_and_nothing_is_asked_twice_for_ever():
    org = Org(**{A: B})
    merges = Merges(org.ask)
    assert not asyncio.run(merges.learnt(refusal("ENTITY_IS_DELETED"), D))
    assert not asyncio.run(merges.learnt(refusal("INVALID_FIELD"), A)) and len(org.asked) == 1
    assert asyncio.run(merges.look(A)) and not asyncio.run(merges.look(A))
    assert not asyncio.run(merges.look("no account in here"))
