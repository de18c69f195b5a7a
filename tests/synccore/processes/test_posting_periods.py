"""A refusal is a closed month's by the vendor's own codes and sentences, not because a word occurs in it."""

import pytest

from synccore.ports.systems import Rejected
from synccore.processes.posting_periods import not_open_in_legacy, of_a_period


@pytest.mark.parametrize(("code", "message", "closed"), [
    ("USER_ERROR", "You cannot change transactions in the closed period Jan 2026. postingPeriod", True),
    ("USER_ERROR", "You cannot post transactions in the locked period Jan 2026. postingPeriod", True),
    ("USER_ERROR", "The posting period is closed.", True),
    ("USER_ERROR", "The posting period must be a base period. postingPeriod", True),
    ("TRAN_PERIOD_CLOSED", "Vous ne pouvez pas modifier cette transaction.", True),
    ("USER_ERROR", "There is no accounting period for the transaction date 2031-01-01. tranDate", False),
    ("USER_ERROR", "Please enter value(s) for: Rev. Rec. Period. item.items[0].period", False),
    ("INVALID_CONTENT", "The property 'period' does not exist in the record or sublist. period", False),
])  # fmt: skip
def test_a_closed_month_is_told_by_code_or_sentence(code: str, message: str, closed: bool) -> None:
    assert of_a_period(Rejected("erp_cloud", "record.create:invoice", 400, code, message)) is closed
    assert not of_a_period(Rejected("subscriptions", "record.create:invoice", 400, code, message))


@pytest.mark.parametrize(("reason", "closed"), [
    ("F5 201 Period 001/2026 is not open for account type D in company code SG01", True),
    ("F5 102 Customer 900001 is not defined in company code SG01", False),
    ("F5A 036 Posting date 20260131 does not fit period 02", False),
    ("51", False),
])  # fmt: skip
def test_the_legacy_ledger_says_it_by_message_class_and_number(reason: str, closed: bool) -> None:
    assert not_open_in_legacy(reason) is closed
