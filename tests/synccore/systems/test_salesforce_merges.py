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


def test_all_that_belongs_together_is_told_for_any_of_it_also_when_the_org_has_forgotten():
    org = Org(**{A: B, B: C})
    merges = Merges(org.ask)
    for one in (A, B, C):
        assert asyncio.run(merges.among([one])) == {A: C, B: C}
    assert asyncio.run(merges.among([D])) == {}
    asked = len(org.asked)
    assert asyncio.run(merges.among(["' OR Id != '"])) == {} and len(org.asked) == asked, (
        "what is no id is not asked for"
    )
    org.into.clear()
    assert asyncio.run(merges.among([C])) == {A: C, B: C}
    later = Merges(org.ask)
    assert asyncio.run(later.among([C])) == {} and later.now(A) == A
    later.remember({A: B, B: C})
    assert asyncio.run(later.among([A])) == {A: C, B: C} and later.now(A) == C


def test_what_was_brought_back_stands_for_itself():
    merges = Merges(Org().ask)
    merges.remember({A: C, B: C})
    merges.remember({A: A})
    assert merges.now(f"{A} {B}") == f"{A} {C}"
    assert asyncio.run(merges.among([A])) == {} and asyncio.run(merges.among([C])) == {B: C}
