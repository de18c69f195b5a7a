"""What the stores promise, one by one, on an inline database."""

import asyncio
import json
from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

import pytest

from synccore.domain.events import Event
from synccore.engine.retry import RetryPolicy, error_delay_s, later_delay_s
from synccore.engine.session import dump, load, pyformat
from synccore.ports.stores import BusinessException, DeadLetter, Signal, Unit
from synccore.ports.trail import sealed
from tests.synccore.worlds import memory

T = TypeVar("T")


def within(fn: Callable[[Unit], T]) -> T:
    """One transaction on a fresh database."""
    return asyncio.run(memory().run(fn))


def test_a_signal_and_an_event_are_known_by_source_and_key() -> None:
    def story(unit: Unit) -> None:
        first = Signal("salesforce", "k1", "Opportunity.changed", {"text": "\ud83d\ud800"}, 5.0)
        assert unit.inbox.accept(first)
        assert not unit.inbox.accept(Signal("salesforce", "k1", "other", None, 6.0))
        assert unit.inbox.accept(Signal("erp_cloud", "k1", "CustPymt", None, 7.0))
        assert unit.inbox.find("salesforce", "", 0.0, 99.0, 10) == [first]
        assert [found.source for found in unit.inbox.find("", "k1", 6.0, 99.0, 10)] == ["erp_cloud"]
        assert [found.source for found in unit.inbox.find("", "", 0.0, 99.0, 1)] == ["salesforce"]
        event = Event("invoice-issued", "subscriptions", "ev1", "US-1", "acc", 5.0, {"gross": 1})
        assert unit.events.append(event)
        assert not unit.events.append(event)
        assert unit.events.append(Event("invoice-posted", "erp_cloud", "ev1", "US-1", "acc", 6.0))
        assert [(found.type, found.sequence) for found in unit.events.of_partition("acc")] == [
            ("invoice-issued", 1), ("invoice-posted", 2)
        ]  # fmt: skip
        assert [found.type for found in unit.events.after(0, "", 10)] == ["invoice-issued", "invoice-posted"]
        assert [found.type for found in unit.events.after(0, "", 1)] == ["invoice-issued"]
        assert [found.type for found in unit.events.after(1, "", 10)] == ["invoice-posted"]
        assert unit.events.after(0, "payment-received", 10) == []

    within(story)


def test_work_that_is_added_again_comes_forward_with_its_newer_argument() -> None:
    def story(unit: Unit) -> None:
        work = unit.work.add("post", "acc", "s", {"n": 1}, 100.0, "first")
        assert unit.work.due(99.0, 10) == [] and unit.work.next_due() == 100.0
        assert unit.work.add("post", "acc", "s", {"n": 2}, 50.0, "sooner") == work
        assert unit.work.add("post", "acc", "s", {"n": 3}, 70.0, "not sooner") == work
        (item,) = unit.work.due(60.0, 10)
        assert (item.id, item.due_at, item.argument, item.attempt) == (work, 50.0, {"n": 3}, 1)
        unit.work.park(work, ("item:A", "item:B"), "lacks items")
        assert unit.work.wake("item:C", 80.0) == [] and unit.work.wake("item:B", 80.0) == [work]
        assert unit.work.wake("item:A", 80.0) == [], "it waits no longer"
        unit.work.submitted(work, "r1", 85.0)
        unit.work.park(work, ("item:A",), "still")
        assert unit.work.add("post", "acc", "s", {"n": 4}, 90.0, "changed") == work
        item = unit.work.open()[0]
        assert (item.state, item.due_at, item.argument) == ("due", 90.0, {"n": 4})
        unit.work.submitted(work, "r2", 90.0)
        unit.work.finish(work)
        assert unit.work.open() == [] and unit.work.add("post", "acc", "s", {}, 0.0, "anew") != work

    within(story)


def test_the_dead_come_back_only_when_nothing_newer_is_open() -> None:
    def story(unit: Unit) -> None:
        work = unit.work.add("post", "acc", "s", {}, 0.0, "first")
        unit.work.bury(work, "beyond its budget")
        newer = unit.work.add("post", "acc", "s", {}, 0.0, "second")
        assert not unit.work.revive(work, 5.0, "requeued")
        unit.work.abandon(newer, "not wanted")
        assert unit.work.revive(work, 5.0, "requeued")
        assert [(item.id, item.attempt) for item in unit.work.due(5.0, 10)] == [(work, 2)]
        assert not unit.work.revive("w0000000099", 5.0, "?")
        assert [item.state for item in unit.work.of_key("acc")] == ["due", "abandoned"]

    within(story)


def test_an_effect_is_recorded_before_it_is_sent_and_never_forgotten() -> None:
    def story(unit: Unit) -> None:
        def plan(digest: str = "d1") -> tuple[str, bool, int]:
            effect = unit.effects.plan("k", "erp_cloud", "invoice", digest, "ev1", 1.0)
            return effect.state, effect.fresh, effect.tries

        assert plan() == ("planned", True, 1)
        assert plan() == ("planned", False, 2), "planned before: it may have been sent"
        unit.effects.settle("k", "unknown", None, 2.0)
        assert plan() == ("unknown", False, 3)
        assert [effect.key for effect in unit.effects.unresolved()] == ["k"]
        unit.effects.settle("k", "rejected", {"code": "X"}, 3.0)
        assert plan() == ("planned", False, 4), "an earlier try of unknown outcome may yet have been applied"
        unit.effects.settle("k", "applied", {"id": "17"}, 4.0)
        assert plan() == ("applied", False, 4)
        assert unit.effects.unresolved() == []
        assert plan("d2") == ("planned", False, 1), "a level with another content is written again"
        found = unit.effects.get("k")
        assert found is not None and (found.reference, found.digest) == ({"id": "17"}, "d2")

    within(story)


def test_what_was_done_stands_in_the_trail_behind_what_was_done_there_before() -> None:
    def story(unit: Unit) -> None:
        for key, target in (("a", "erp"), ("b", "crm"), ("c", "erp"), ("d", "erp")):
            unit.effects.plan(key, target, "bill", "", f"bill:{key}", 1.0)
            unit.effects.settle(key, "unknown", None, 2.0)
        assert unit.effects.trail(0, 10) == [], "nothing is certain"
        for key in "abc":
            unit.effects.settle(key, "applied", {"id": key}, 3.0)
        first, other, second = unit.effects.trail(0, 10)
        assert [(one.key, one.target, one.cause, one.reference) for one in (first, second)] == [
            ("a", "erp", "bill:a", {"id": "a"}), ("c", "erp", "bill:c", {"id": "c"}),
        ]  # fmt: skip
        assert (first.previous, other.previous, second.previous) == ("", "", first.hash)
        assert second.hash == sealed(first.hash, "c", "erp", "bill", "bill:c", {"id": "c"}, 3.0)
        assert unit.effects.trail(first.sequence, 1) == [other]

    within(story)


def test_a_doubted_level_is_written_again_and_a_fact_never() -> None:
    def story(unit: Unit) -> None:
        for key, digest in (("sf/bill/1", "d1"), ("sf/bill/1/part", "d1"), ("sf/bill/10", "d1"), ("erp/invoice/1", "")):
            unit.effects.plan(key, "t", "o", digest, "ev1", 1.0)
            unit.effects.settle(key, "applied", "17", 1.0)
        assert (unit.effects.doubt("sf/bill/1"), unit.effects.doubt("erp/invoice/1")) == (2, 0)
        states = [
            unit.effects.plan(key, "t", "o", digest, "ev2", 2.0).state
            for key, digest in (("sf/bill/1", "d1"), ("sf/bill/10", "d1"), ("erp/invoice/1", ""))
        ]
        assert states == ["planned", "applied", "applied"]

    within(story)


def test_documents_wait_go_out_and_come_back_from_a_rejected_file() -> None:
    def story(unit: Unit) -> None:
        assert unit.spool.add("BILL", "US-2", {"n": 2}, 1.0) and unit.spool.add("BILL", "US-1", {"n": 1}, 1.0)
        assert not unit.spool.add("BILL", "US-1", {"n": 9}, 1.0)
        assert unit.spool.waiting("BILL") == [("US-2", {"n": 2}), ("US-1", {"n": 1})]
        unit.spool.assign("BILL", ["US-1", "US-2"], "F7", 7, 2.0)
        assert unit.spool.waiting("BILL") == [] and unit.spool.file_of("BILL", "US-1") == "F7"
        assert unit.spool.files("planned") == [
            {"name": "F7", "interface": "BILL", "sequence": 7, "at": 2.0,
             "documents": [["US-1", {"n": 1}], ["US-2", {"n": 2}]]}
        ]  # fmt: skip
        unit.spool.mark_file("F7", "sent", 3.0)
        unit.spool.mark_file("F7", "rejected", 4.0)
        assert len(unit.spool.waiting("BILL")) == 2 and unit.spool.file_of("BILL", "US-1") is None
        unit.spool.assign("BILL", ["US-2"], "F7", 7, 5.0)
        assert [len(file["documents"]) for file in unit.spool.files("planned")] == [1]

    within(story)


def test_names_counters_cursors_and_mappings() -> None:
    def story(unit: Unit) -> None:
        unit.links.put("customer", "acc", "erp_cloud", "17")
        unit.links.put("customer", "acc", "erp_cloud", "18")
        assert unit.links.external("customer", "acc", "erp_cloud") == "18"
        assert unit.links.canonical("customer", "erp_cloud", "18") == "acc"
        assert unit.links.canonical("customer", "erp_cloud", "17") is None
        assert [unit.links.next_number("kunnr", 900001) for _ in range(2)] == [900001, 900002]
        assert unit.cursors.get("feed") is None
        unit.cursors.set("feed", "a")
        unit.cursors.set("feed", "b")
        assert unit.cursors.get("feed") == "b"
        assert [unit.mappings.put("items", "A", {"v": n}, "ann", 1.0) for n in (1, 2)] == [1, 2]
        assert unit.mappings.get("items", "A") == {"v": 2} and unit.mappings.get("items", "B") is None
        assert unit.mappings.all("items") == {"A": {"v": 2}}
        assert [(row.version, row.value) for row in unit.mappings.history("items", "A")] == [
            (1, {"v": 1}),
            (2, {"v": 2}),
        ]

    within(story)


def test_exceptions_are_refreshed_not_doubled_and_letters_marked_once() -> None:
    def story(unit: Unit) -> None:
        def opened(reason: str, topic: str = "item:A") -> str:
            return unit.exceptions.open(BusinessException(
                "", "unmapped_item", "s", "acc", reason, "finance", ("retry",), (topic,), "w1", 1.0, 9.0
            ))  # fmt: skip

        first = opened("old words")
        assert opened("new words") == first != opened("another", "item:B")
        assert [found.reason for found in unit.exceptions.of_work("w1")] == ["new words", "another"]
        unit.exceptions.resolve(first, "mapped", "ann", 2.0)
        unit.exceptions.resolve(first, "again", "bob", 3.0)
        found = unit.exceptions.get(first)
        assert found is not None and (found.state, found.resolution) == ("resolved", "mapped")
        assert opened("it is back") != first
        unit.exceptions.resolve_work("w1", "done", "core", 4.0)
        assert unit.exceptions.list("open") == [] and len(unit.exceptions.of_partition("acc")) == 3
        letter = unit.letters.add(DeadLetter("", "w1", "post", "s", "acc", {"n": 1}, "down", 3, 1.0))
        assert [unit.letters.mark(letter, state, "ann", 2.0) for state in ("requeued", "discarded")] == [True, False]
        assert [found.id for found in unit.letters.list("requeued")] == [letter]

    within(story)


def test_nan_is_refused_before_it_reaches_the_store() -> None:
    with pytest.raises(ValueError):
        within(lambda unit: unit.cursors.set("x", "y") or unit.work.add("p", "k", "s", float("nan"), 0.0, "t"))


def test_delays_grow_to_a_limit_and_a_given_delay_is_the_least() -> None:
    policy = RetryPolicy(jitter=0.0)
    assert [later_delay_s(policy, 10.0, tries, True, 0.9) for tries in range(7)] == [
        10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0
    ]  # fmt: skip
    assert later_delay_s(policy, 3600.0, 3, True, 0.9) == 3600.0
    assert later_delay_s(policy, 10.0, policy.later_tries_max - 1, True, 0.9) is None
    assert later_delay_s(policy, 10.0, 5000, False, 0.9) == 10.0
    assert [error_delay_s(policy, tries, 0.9) for tries in range(5)] == [2.0, 8.0, 32.0, 128.0, None]
    assert later_delay_s(RetryPolicy(), 10.0, 0, True, 0.5) == 11.0
    assert later_delay_s(RetryPolicy(), 86400.0, 0, False, 0.999) < 86405.0


def test_parameters_are_named_alike_for_both_databases() -> None:
    assert (
        pyformat("SELECT a FROM t WHERE k = :key AND at < :at_s")
        == "SELECT a FROM t WHERE k = %(key)s AND at < %(at_s)s"
    )


@pytest.mark.parametrize("value", [
    {"a": [1, -2.5, True, None, "é\U0001f600\u0000\x7f"], "b": {"c": []}}, "half \ud800 of a pair", 2**63, -(2**63),
    2**64, [10**30, 1.5], {"n": 12345678901234567890123}, 0, "", 1e300, "9" * 40, [{"x": "null"}],
])  # fmt: skip
def test_json_is_kept_as_it_was(value: object) -> None:
    text = dump(value)
    assert text.isascii()
    again = load(text)
    assert (again, type(again)) == (value, type(value))
    assert json.loads(text) == value


def test_json_that_is_none_is_refused() -> None:
    for value in (float("nan"), [{"x": float("inf")}], Decimal("NaN"), {1, 2}, object(), b"x"):
        with pytest.raises((ValueError, TypeError)):
            dump(value)
    assert load(dump({"price": Decimal("12.50"), 7: None})) == {"price": 12.5, "7": None}
