"""Random agreements: contracts, ramps, calendar billing, usage, taxes and payments are what a second ledger says."""

import os

from hypothesis import HealthCheck, example, given, settings

from tests.simulators.subscriptions.agreement import Tariff
from tests.simulators.subscriptions.agreements import DEEDS, SETTINGS, Deed, Setting, live

EXAMPLES = int(os.environ.get("WINDTUNNEL_EXAMPLES", "25"))
"""How many agreements are tried; 10,000 by hand."""


CALLS = Tariff("per_unit", [(None, 1, 0)])
# What was wrong once: a first term that the calendar cuts, usage in it, a credit of a bill paid in part, a ramp on the
# day on which a term begins.
CUT = Setting("USD", 100, False, 4, 0, False, 1, "renew", 1, CALLS, 0)
TAXED = Setting("USD", 192, False, 2, 0, True, 1, "renew", None, CALLS, 0)


@settings(
    max_examples=EXAMPLES,
    derandomize="WINDTUNNEL_EXAMPLES" not in os.environ,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(SETTINGS, DEEDS)
@example(CUT, [("use", 0, 500), ("wait", 31), ("wait", 9)])
@example(
    Setting("USD", 1, True, 4, 0, False, 1, "renew", 1, CALLS, 0),
    [("wait", 30), ("use", 0, 50), ("pay", 2), ("wait", 30)],
)
@example(TAXED, [("pay", 387), ("seats", 1)])
@example(TAXED, [("wait", 3), ("ramp", 28, 1), ("wait", 31)])
def test_an_agreement_comes_to_what_a_second_ledger_says(setting: Setting, deeds: list[Deed]) -> None:
    live(setting, deeds)
