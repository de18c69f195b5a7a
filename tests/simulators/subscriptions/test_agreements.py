"""Random agreements: contracts, ramps, calendar billing, usage, taxes and payments are what a second ledger says."""

import os

from hypothesis import HealthCheck, given, settings

from tests.simulators.subscriptions.agreements import DEEDS, SETTINGS, Deed, Setting, live

EXAMPLES = int(os.environ.get("WINDTUNNEL_EXAMPLES", "25"))
"""How many agreements are tried; 10,000 by hand."""


@settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(SETTINGS, DEEDS)
def test_an_agreement_comes_to_what_a_second_ledger_says(setting: Setting, deeds: list[Deed]) -> None:
    live(setting, deeds)
