"""The judge of how much of a ledger's receipt the platform has: never more than came in, whoever is asked about it."""

from dataclasses import replace

from harness.canon import Canon
from harness.checkers import Case, judge
from harness.reconciling import Excuses
from tests.harness.test_checkers import agreeing_books


def transferred(*parts: int) -> Canon:
    """The agreeing books, with a payment that came to the ledger's bank and is recorded in these parts."""
    canon = agreeing_books()
    recorded, booked = canon.receipts[:2]
    canon.receipts[:2] = [
        replace(booked, key="NS-9", amount=1100),
        *(replace(recorded, key="NS-9", id=f"txn{number}", amount=part, applied=(("US-1", part),) if not number else ())
          for number, part in enumerate(parts)),
    ]  # fmt: skip
    return canon


def test_a_payment_is_recorded_in_as_many_parts_as_it_takes() -> None:
    assert judge(Case(transferred(1090, 10)), only=("I1",))[0].outcome == "holds"


def test_no_more_is_recorded_than_came_in_also_while_a_person_is_asked() -> None:
    asked = Excuses(parked={"NS-9": ("x1", "a conflict")})
    verdict = judge(Case(transferred(1090, 10, 10), asked), only=("I1",))[0]
    assert verdict.outcome == "broken"
    assert "NS-9: 1110 minor units recorded in the platform, 1100 received" in verdict.findings
