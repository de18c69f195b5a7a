"""What a ledger's receipt settles, kept alike on both sides: who has moved is followed, and the plan gets there."""

from hypothesis import given, settings
from hypothesis import strategies as st

from synccore.domain.applications import ON_ACCOUNT, Held, Seen, actions, merge

AMOUNTS = st.dictionaries(st.sampled_from(("A", "B", "C")), st.integers(1, 50), max_size=3)


def test_a_new_receipt_is_recorded_as_the_ledger_has_it() -> None:
    merged = merge(Seen(), {"A": 60, ON_ACCOUNT: 40}, {})
    assert merged.target == {"A": 60, ON_ACCOUNT: 40} and not merged.in_ledger
    planned = [(one.do, one.bill, one.amount) for one in actions(merged.target, [])]
    assert planned == [("record", "A", 60), ("excess", "", 40)]


def test_unused_money_that_the_platform_has_used_is_set_against_the_same_bill_in_the_ledger() -> None:
    seen = Seen({"A": 60, ON_ACCOUNT: 40}, {"A": 60, ON_ACCOUNT: 40})
    merged = merge(seen, {"A": 60, ON_ACCOUNT: 40}, {"A": 60, "B": 30})
    assert merged.in_ledger == {"B": 30} and merged.target == {"A": 60, "B": 30, ON_ACCOUNT: 10}


def test_what_differs_for_good_is_left_alone() -> None:
    seen = Seen({ON_ACCOUNT: 40}, {"B": 30, ON_ACCOUNT: 10})
    merged = merge(seen, {ON_ACCOUNT: 40}, {"B": 30})
    assert merged.target == {"B": 30, ON_ACCOUNT: 10} and not merged.in_ledger
    held = [Held(id="t", applied={"B": 30}, unused=10)]
    assert actions(merged.target, held) == []


def test_a_bill_that_the_ledger_has_opened_again_loses_its_payment() -> None:
    seen = Seen({"A": 60}, {"A": 60})
    merged = merge(seen, {ON_ACCOUNT: 60}, {"A": 60})
    planned = [(one.do, one.bill, one.transaction) for one in actions(merged.target, [Held(id="t", applied={"A": 60})])]
    assert planned == [("remove", "A", "t")]


def test_a_payment_that_somebody_took_off_a_bill_in_the_platform_is_left_for_a_person() -> None:
    merged = merge(Seen({"A": 60}, {"A": 60}), {"A": 60}, {ON_ACCOUNT: 60})
    assert not merged.in_ledger and actions(merged.target, [Held(id="t", unused=60)]) == []


def test_two_who_have_moved_in_different_ways_are_a_conflict() -> None:
    assert merge(Seen({"A": 60}, {"A": 60}), {"A": 20}, {"A": 40}).conflicts == ("A",)


def test_money_that_the_ledger_has_used_for_another_bill_is_no_money_for_the_platforms() -> None:
    seen = Seen({"A": 60, ON_ACCOUNT: 40}, {"A": 60, ON_ACCOUNT: 40})
    assert merge(seen, {"A": 60, "B": 40}, {"A": 60, "C": 40}).conflicts == ("C",)
    assert merge(seen, {"A": 60, "B": 10, ON_ACCOUNT: 30}, {"A": 60, "C": 30, ON_ACCOUNT: 10}).conflicts == ()


def test_a_second_part_is_told_from_the_first_by_what_stood_there_before() -> None:
    held = [Held(id="t", applied={"A": 60}, unused=0), Held(id="u", applied={"B": 10}, unused=30)]
    (action,) = actions({"A": 60, "B": 20, ON_ACCOUNT: 20}, held)
    assert (action.do, action.bill, action.amount, action.before) == ("apply", "B", 10, 10)
    taken_off, *again = actions({"B": 5, "A": 60}, held)
    assert taken_off.do == "remove" and [(one.do, one.before) for one in again] == [("apply", 0)]


@settings(max_examples=60, deadline=None)
@given(AMOUNTS, AMOUNTS, st.integers(0, 60))
def test_a_plan_gets_there_and_never_makes_money(target: dict[str, int], have: dict[str, int], unused: int) -> None:
    held = [Held(id="t", applied=have, unused=unused)]
    applied, loose, fresh = dict(have), unused, 0
    for one in actions({**target, ON_ACCOUNT: 5}, held):
        if one.do == "remove":
            loose += applied.pop(one.bill)
        elif one.do == "apply":
            assert one.amount <= loose
            loose -= one.amount
            applied[one.bill] = applied.get(one.bill, 0) + one.amount
        elif one.do == "record":
            fresh += one.amount
            applied[one.bill] = applied.get(one.bill, 0) + one.amount
        else:
            loose, fresh = loose + one.amount, fresh + one.amount
    assert applied == target and loose >= 5
    assert sum(applied.values()) + loose == sum(have.values()) + unused + fresh
