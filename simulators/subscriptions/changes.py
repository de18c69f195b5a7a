"""Changes of a subscription as they are asked for: now, in the past, at the term's end or on a date; and what waits."""

from typing import Any

from simulators.kit.fidelity import absent, approximate, exact
from simulators.kit.jobs import Job
from simulators.kit.store import Doc
from simulators.subscriptions import activation, charging, contracts, discounts, items, schedules, switches
from simulators.subscriptions.answers import answer, live
from simulators.subscriptions.errors import bad_state, wrong
from simulators.subscriptions.params import Params
from simulators.subscriptions.rules_terms import DAY_S
from simulators.subscriptions.subscriptions import attributes
from simulators.subscriptions.work import Work, copied

exact(
    "changes on a date, in the past (not before the term, the last change, the site's `backdating_days`), "
    "with unbilled "
    "charges, with a term reset (also by a plan of another period; a contract in force is `cancelled` by it)",
    source="documented",
    held_by="test_sdk_lives",
)
absent("in a change of a subscription: `terms_to_charge`, `free_period`")
approximate(
    "`reactivate` in a change",
    "of one that was cancelled: it begins anew now with the items asked for; of any other it means nothing",
    source="ours",
)

exact(
    "changes at the term's end: `has_scheduled_changes`, retrieve_with_scheduled_changes, "
    "remove_scheduled_changes; a new change replaces the scheduled one",
    source="documented",
    held_by="test_changes",
)
approximate(
    "a change now while another is scheduled",
    "replaces it too",
    source="ours",
)

Result = dict[str, Any]

OPTIONS = ("immediately", "end_of_term", "specific_date")


def update_for_items(work: Work, params: Params, key: str) -> Result:
    """POST /subscriptions/{id}/update_for_items. A change of items replaces one that is scheduled already."""
    subscription = live(work, key)
    if params.boolean("reactivate") and subscription["status"] == "cancelled":
        return _begin_again(work, params, subscription)
    if subscription["status"] in ("cancelled", "paused"):
        # a paused subscription is not edited (the vendor's page on pausing); one that ended is reactivated
        raise bad_state(f"cannot change a subscription that is {subscription['status']}")
    option, at = _when(work, params, subscription)
    wish = _wish(work, params, subscription)
    _dates(work, params, subscription)
    attributes(work, subscription, params)
    if at is None or (option != "immediately" and at > work.at):
        if wish["items"] is None and wish["contract"] is None and wish["discounts"] is None:
            raise wrong("subscription_items[item_price_id][0]", "cannot be blank: there is nothing to schedule")
        return _schedule(work, subscription, wish, at)
    if wish["items"] is not None:
        schedules.forget(work, subscription)
    if subscription.pop("_trial_over", False):
        return _trial_ends_now(work, subscription, wish)
    if subscription["status"] in ("future", "in_trial"):
        switches.before_the_first_bill(work, subscription, wish)
        return answer(work, subscription)
    return switches.now(work, subscription, wish, at)


def _when(work: Work, params: Params, subscription: Doc) -> tuple[str, int | None]:
    """The option and the instant; None for the term's end."""
    option = params.choice("change_option", OPTIONS)
    if params.boolean("end_of_term"):
        if option not in (None, "end_of_term"):
            raise wrong("change_option", "differs from end_of_term")
        option = "end_of_term"
    at = params.integer("changes_scheduled_at", required=option == "specific_date")
    if option != "specific_date" or at is None:
        return option or "immediately", None if option == "end_of_term" else work.at
    if at < work.at:
        if subscription["status"] not in ("active", "non_renewing"):
            raise bad_state(f"cannot backdate a change of a subscription that is {subscription['status']}")
        earliest = max(
            subscription["current_term_start"], subscription.get("_changed_at", 0),
            work.at - work.site["backdating_days"] * DAY_S,
        )  # fmt: skip
        if at < earliest:
            why = f"lies before {earliest}: the term's start, the last change, or the site's window"
            raise wrong("changes_scheduled_at", why)
    return option, at


def _wish(work: Work, params: Params, subscription: Doc) -> Doc:
    """What is asked for, ready to be applied now or to be kept until its day."""
    held = wanted_items(
        work, subscription, params.rows("subscription_items"), params.strings("mandatory_items_to_remove"),
        bool(params.boolean("replace_items_list")),
    )  # fmt: skip
    contract, cycles = params.group("contract_term"), params.integer("billing_cycles", least=1, most=1_000)
    if params.boolean("invoice_usages"):
        raise wrong("invoice_usages", "can only be false in this sandbox")
    params.choice("billing_alignment_mode", ("immediate", "delayed"))
    having = subscription["subscription_items"] if held is None else held
    tiers = items.own_tiers(work, params, [] if held is None else held, subscription.get("item_tiers", ()))
    return {
        "items": held, "tiers": None if held is None else tiers, "contract": contracts.wish(params, contract, cycles),
        "discounts": discounts.read(work, params, having, subscription["currency_code"]),
        "prorate": params.boolean("prorate") is not False, "reset": bool(params.boolean("force_term_reset")),
        "immediately": params.boolean("invoice_immediately") is not False,
        "invoice_date": activation.invoice_date(work, params),
    }  # fmt: skip


def wanted_items(
    work: Work, subscription: Doc, rows: list[Params], removed: list[str], whole: bool
) -> list[Doc] | None:
    """The items as they shall be, None when the call names none."""
    if not rows and not removed:
        return None
    before = {item["item_price_id"]: item for item in subscription["subscription_items"]}
    for index, key in enumerate(removed):
        if key not in before:
            raise wrong(f"mandatory_items_to_remove[{index}]", f"{key} is not an item of the subscription")
    given = items.read(work, rows, before)
    fresh = [(row, item) for row, item in zip(rows, given, strict=True) if item["item_price_id"] not in before]
    named = {item["item_price_id"]: item for item in given}
    kept = [named.get(key, item) for key, item in before.items() if key in named or not (whole or key in removed)]
    held = [*kept, *(item for key, item in named.items() if key not in before)]
    if any(item["item_type"] == "plan" for item in given):  # a new plan takes the place of the old one
        plans = {item["item_price_id"] for item in given if item["item_type"] == "plan"}
        held = [item for item in held if item["item_type"] != "plan" or item["item_price_id"] in plans]
    plan = items.check(work, held)
    if plan["currency_code"] != subscription["currency_code"]:
        raise wrong("subscription_items[item_price_id][0]", f"the subscription is in {subscription['currency_code']}")
    items.beside(work, [row for row, _ in fresh], [item for _, item in fresh], plan)
    items.reprice(work, held, subscription.get("item_tiers", ()))
    return held


def _dates(work: Work, params: Params, subscription: Doc) -> None:
    """`start_date` of a future subscription, `trial_end` of one that has not begun to pay (0 ends the trial)."""
    start, trial_end = params.integer("start_date"), params.integer("trial_end")
    if start is not None:
        if subscription["status"] != "future" or start <= work.at:
            raise wrong("start_date", "only a future subscription's, and to a date to come")
        subscription["start_date"] = subscription["next_billing_at"] = start
        work.jobs.schedule(start, "start", {"id": subscription["id"]}, key=f"start/{subscription['id']}")
    if trial_end is None:
        return
    if subscription["status"] not in ("future", "in_trial"):
        raise wrong("trial_end", f"cannot be changed of a subscription that is {subscription['status']}")
    begin = subscription.get("start_date", 0) if subscription["status"] == "future" else work.at
    if trial_end and trial_end <= begin:
        raise wrong("trial_end", "should lie in the future, or be 0")
    subscription["_terms"]["trial_end"] = trial_end or None
    if subscription["status"] == "in_trial":
        if not trial_end:
            subscription["_trial_over"] = True
            return
        subscription["trial_end"] = subscription["next_billing_at"] = trial_end
        activation.watch_trial(work, subscription)


def _begin_again(work: Work, params: Params, subscription: Doc) -> Result:
    """`reactivate`: what was cancelled begins anew now, with the items and terms that are asked for."""
    if params.choice("change_option", OPTIONS) not in (None, "immediately") or params.boolean("end_of_term"):
        raise wrong("change_option", "a cancelled subscription begins again now")
    wish = _wish(work, params, subscription)
    attributes(work, subscription, params)
    switches.hold(work, subscription, wish)
    discounts.hold(work, subscription, wish["discounts"], work.at)
    return activation.again(work, subscription, activation.read(work, params), work.at)


def _trial_ends_now(work: Work, subscription: Doc, wish: Doc) -> Result:
    switches.before_the_first_bill(work, subscription, wish, tell=False)
    subscription["trial_end"] = work.at
    charged = activation.end_trial(work, subscription)
    return answer(work, subscription, invoice=charged.invoice, unbilled_charges=charged.unbilled)


# -- later ------------------------------------------------------------------------------------


def _schedule(work: Work, subscription: Doc, wish: Doc, at: int | None) -> Result:
    if subscription["status"] != "active":
        raise bad_state(f"cannot schedule changes of a subscription that is {subscription['status']}")
    schedules.forget(work, subscription)
    subscription["_scheduled"] = {**wish, "dated": at is not None, "invoice_date": None}
    subscription["has_scheduled_changes"] = True
    subscription["changes_scheduled_at"] = subscription["_next_term"] if at is None else at
    if at is not None:
        work.jobs.schedule(at, "scheduled_change", {"id": subscription["id"]}, key=f"change/{subscription['id']}")
    charging.revenue(work, subscription)
    work.save("subscription", subscription)
    work.emit("subscription_changes_scheduled", **answer(work, subscription))
    return answer(work, subscription)


def on_date(work: Work, job: Job) -> None:
    """The day of a change that was scheduled for a date."""
    subscription = work.get("subscription", job.payload["id"])
    if subscription is None or subscription["deleted"] or subscription["status"] not in ("active", "non_renewing"):
        return
    wish = schedules.forget(work, subscription)
    if wish is not None:
        switches.now(work, subscription, wish, work.at)


def retrieve_with_scheduled_changes(work: Work, _params: Params, key: str) -> Result:
    """GET /subscriptions/{id}/retrieve_with_scheduled_changes: the subscription as it will be."""
    subscription = live(work, key)
    wish = subscription.get("_scheduled")
    if wish is None:
        raise bad_state("no changes are scheduled")
    future = copied(subscription)
    if wish["items"] is not None:
        future["subscription_items"] = copied({"items": wish["items"]})["items"]
        items.keep_tiers(future, wish.get("tiers") or ())
        plan = work.need("item_price", switches.plan_of(wish["items"]))
        future["billing_period"], future["billing_period_unit"] = plan["period"], plan["period_unit"]
        charging.revenue(work, future)
    if wish["contract"] is not None:
        on_renewal = wish["contract"].get("on_renewal")
        if on_renewal is not None:
            future["contract_term_billing_cycle_on_renewal"] = on_renewal
    return answer(work, future)


def remove_scheduled_changes(work: Work, _params: Params, key: str) -> Result:
    """POST /subscriptions/{id}/remove_scheduled_changes."""
    subscription = live(work, key)
    if schedules.forget(work, subscription) is None:
        raise bad_state("no changes are scheduled")
    charging.revenue(work, subscription)
    work.save("subscription", subscription)
    work.emit("subscription_scheduled_changes_removed", **answer(work, subscription))
    return answer(work, subscription)
