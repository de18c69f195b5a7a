"""Random lives: what a subscription has cost equals a second ledger, estimates equal outcomes, hops equal a leap."""

import os

from hypothesis import HealthCheck, example, given, settings

from tests.simulators.subscriptions.lives import DEEDS, SETTINGS, SUBSCRIPTION, Deed, Life, Setting
from tests.simulators.subscriptions.site import Site, play_again

EXAMPLES = int(os.environ.get("WINDTUNNEL_EXAMPLES", "25"))
"""How many lives each property is tried on; 10,000 by hand."""

many = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@many
@given(SETTINGS, DEEDS)
@example(
    Setting("USD", 6_568, 1, False, 19, 33, 0),
    [("seats", 18, 0, False), ("seats", 1, 0, False), ("seats", 19, 0, False)],
)
def test_a_life_costs_what_a_second_ledger_says(setting: Setting, deeds: list[Deed]) -> None:
    async def story(site: Site) -> None:
        life = Life(site, setting)
        await life.begin()
        for deed in deeds:
            await life.does(deed)
            assert await life.cost() == life.ledger.total, (deed, life.ledger)
        await life.adds_up()

    play_again(story)


@many
@given(SETTINGS, DEEDS)
def test_time_in_one_leap_is_time_in_many_hops(setting: Setting, deeds: list[Deed]) -> None:
    async def leaping(site: Site) -> None:
        life = Life(site, setting)
        await life.begin()
        for deed in deeds:
            await life.does(deed)

    async def hopping(site: Site) -> None:
        life = Life(site, setting)
        await life.begin()
        for deed in deeds:
            for one in [("wait", 1)] * deed[1] if deed[0] == "wait" else [deed]:
                await life.does(one)

    assert play_again(leaping).system.books() == play_again(hopping).system.books()


ESTIMATES = {
    # deed: the path of its estimate, from the deed's own
    "seats": "/estimates/update_subscription_for_items",
    "cancel": f"{SUBSCRIPTION}/cancel_subscription_for_items_estimate",
    "pause": f"{SUBSCRIPTION}/pause_subscription_estimate",
    "resume": f"{SUBSCRIPTION}/resume_subscription_estimate",
    "ahead": f"{SUBSCRIPTION}/advance_invoice_estimate",
    "term_end": f"{SUBSCRIPTION}/change_term_end_estimate",
    "bill_now": "/unbilled_charges/invoice_now_estimate",
}


@many
@given(SETTINGS, DEEDS)
def test_estimates_are_what_then_happens(setting: Setting, deeds: list[Deed]) -> None:
    async def story(site: Site) -> None:
        life = Life(site, setting)
        await life.begin()
        for deed in deeds:
            call = life.call(deed)
            if deed[0] not in ESTIMATES or call is None:
                await life.does(deed)
                continue
            fields = {**call[1], "subscription": {"id": "life"}} if deed[0] == "seats" else call[1]
            before = site.system.books()
            told = await site.do(ESTIMATES[deed[0]], fields)
            assert site.system.books() == before
            done = await life.does(deed)
            assert done == (told.status == 200) or deed[0] == "term_end", (deed, told.json)
            if done and life.reply is not None:
                _agree(told["estimate"], life.reply.json)
        await _next_renewal(site)

    play_again(story)


def _agree(estimate: dict, happened: dict) -> None:
    invoice = happened.get("invoice") or next(iter(happened.get("invoices", ())), None)
    guess = estimate.get("invoice_estimate")
    assert (guess is None) == (invoice is None)
    if guess is not None and invoice is not None:
        _same(guess, invoice)
    notes = [(one["total"], one["reference_invoice_id"]) for one in happened.get("credit_notes", ())]
    assert [(one["total"], one["reference_invoice_id"]) for one in estimate.get("credit_note_estimates", ())] == notes
    charges = [one["amount"] for one in happened.get("unbilled_charges", ())]
    kept = [one["amount"] for one in estimate.get("unbilled_charge_estimates", ())]
    # the estimate also names what is left of charges that the change voids
    assert [amount for amount in charges if amount not in kept] == []


def _same(guess: dict, invoice: dict) -> None:
    for name in ("total", "sub_total", "credits_applied", "amount_due", "taxes"):
        assert guess[name] == invoice[name], name
    for name in ("line_items", "discounts"):
        assert [one["amount"] for one in guess[name]] == [one["amount"] for one in invoice[name]]


async def _next_renewal(site: Site) -> None:
    told = await site.get(f"{SUBSCRIPTION}/renewal_estimate")
    if told.status != 200:
        assert told.code()[1] == "invalid_state_for_request"
        return
    due = (await site.get(SUBSCRIPTION))["subscription"]["next_billing_at"]
    known = {row["invoice"]["id"] for row in (await site.get("/invoices?limit=100"))["list"]}
    await site.travel((due - site.system.clock.now()) / 86_400 + 0.001)
    rows = (await site.get("/invoices?limit=100&sort_by[asc]=date"))["list"]
    made = [row["invoice"] for row in rows if row["invoice"]["id"] not in known]
    guess = told["estimate"].get("invoice_estimate")
    assert (guess is not None) == bool(made)
    if guess is not None:
        _same(guess, made[0])
