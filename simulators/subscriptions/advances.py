"""Advance invoices: terms to come billed now, on given dates, or so many days before each renewal."""

from typing import Any

from simulators.kit.fidelity import exact
from simulators.kit.jobs import Job
from simulators.kit.store import Doc
from simulators.subscriptions import activation, billing, charging, contracts
from simulators.subscriptions.answers import answer, live
from simulators.subscriptions.errors import bad_state, not_found, wrong
from simulators.subscriptions.params import Params
from simulators.subscriptions.rules_terms import DAY_S
from simulators.subscriptions.work import Work

exact(
    "terms billed ahead, now, on up to five dates or before each renewal, never more than remain; no second "
    "invoice then",
    source="observed, documented",
    held_by="test_sdk_lives",
)

Result = dict[str, Any]

KINDS = ("immediate", "specific_dates", "fixed_intervals")
DATES_MAX = 5


def charge_future_renewals(work: Work, params: Params, key: str) -> Result:
    """POST /subscriptions/{id}/charge_future_renewals."""
    subscription = live(work, key)
    kind = params.choice("schedule_type", KINDS) or "immediate"
    if subscription["status"] != "active":
        raise bad_state(f"cannot bill ahead a subscription that is {subscription['status']}")
    if kind != "immediate":
        made = _schedules(work, params, subscription, kind)
        work.emit("subscription_advance_invoice_schedule_added", **answer(work, subscription),
                  advance_invoice_schedules=made)  # fmt: skip
        return answer(work, subscription, advance_invoice_schedules=made)
    count = params.integer("terms_to_charge", least=1, most=activation.AHEAD_MAX) or 1
    immediately = params.boolean("invoice_immediately") is not False
    most = _at_most(work, subscription)
    if most is not None and count > most:
        raise wrong("terms_to_charge", f"at most {most} of the remaining billing cycles can be billed ahead")
    charged = _bill(work, subscription, count, immediately)
    return answer(work, subscription, invoice=charged.invoice, unbilled_charges=charged.unbilled)


def _at_most(work: Work, subscription: Doc) -> int | None:
    """How many terms may be billed ahead: those that remain and are not billed yet; None where no end is set."""
    contract = contracts.active(work, subscription)
    if contract is not None:
        return int(contract["_unbilled"])
    remaining = subscription.get("remaining_billing_cycles")
    if remaining is None:
        return None
    start, billed = subscription["_next_term"], 0
    while start < subscription.get("_billed_until", 0):
        start = work.calendar.add(
            start, subscription["billing_period"], subscription["billing_period_unit"], subscription["_anchor_day"]
        )
        billed += 1
    return int(remaining) - billed


def _bill(work: Work, subscription: Doc, count: int, immediately: bool) -> charging.Charged:
    customer = work.need("customer", subscription["customer_id"])
    lines = activation.bill_ahead(work, subscription, count)
    sums = charging.worth(work, customer, subscription, lines)
    charged = charging.charge(work, customer, subscription, lines, immediately=immediately, advance=True)
    contracts.counted(work, customer, subscription, sums, cycles=count)
    work.save("subscription", subscription)
    billing.refresh_dues(work, subscription["id"])
    charging.finish(work, customer, subscription, charged.invoice)
    return charged


def _schedules(work: Work, params: Params, subscription: Doc, kind: str) -> list[Doc]:
    terms_to_charge = params.integer("terms_to_charge", least=1, most=activation.AHEAD_MAX) or 1
    params.boolean("invoice_immediately")
    made = []
    if kind == "specific_dates":
        rows = params.rows("specific_dates_schedule")
        if not 0 < len(rows) <= DATES_MAX:
            raise wrong("specific_dates_schedule[date][0]", f"give 1 to {DATES_MAX} dates")
        for row in rows:
            date = row.number("date")
            if date <= work.at:
                raise row.wrong("date", "should lie in the future")
            count = row.integer("terms_to_charge", least=1, most=activation.AHEAD_MAX) or terms_to_charge
            dated: Doc = {"terms_to_charge": count, "date": date, "created_at": work.at}
            made.append(_keep(work, subscription, kind, dated, date))
        return made
    group = params.group("fixed_interval_schedule")
    before = group.integer("days_before_renewal", least=1, most=365) or 1
    ending = group.choice(
        "end_schedule_on", ("after_number_of_intervals", "specific_date", "subscription_end")
    ) or "subscription_end"  # fmt: skip
    inner: Doc = {"end_schedule_on": ending, "days_before_renewal": before, "created_at": work.at,
             "terms_to_charge": terms_to_charge}  # fmt: skip
    number = group.integer("number_of_occurrences", least=1, most=100, required=ending == "after_number_of_intervals")
    end = group.integer("end_date", required=ending == "specific_date")
    inner |= {} if number is None else {"number_of_occurrences": number}
    inner |= {} if end is None else {"end_date": end}
    return [_keep(work, subscription, kind, inner, _before_renewal(work, subscription, before))]


def _before_renewal(work: Work, subscription: Doc, days: int) -> int:
    boundary: int = max(subscription["_next_term"], subscription.get("_billed_until", 0))
    return max(boundary - days * DAY_S, work.at + 1)


def _keep(work: Work, subscription: Doc, kind: str, inner: Doc, due: int) -> Doc:
    name = f"{kind.removesuffix('s')}_schedule" if kind == "fixed_intervals" else f"{kind}_schedule"
    schedule: Doc = {
        "id": f"adv_{work.token('advance', 16)}", "schedule_type": kind, name: inner, "deleted": False,
        "subscription_id": subscription["id"], "object": "advance_invoice_schedule",
    }  # fmt: skip
    work.save("advance_invoice_schedule", schedule)
    subscription.setdefault("_advances", []).append(schedule["id"])
    subscription["has_scheduled_advance_invoices"] = True
    work.save("subscription", subscription)
    work.jobs.schedule(due, "advance", {"id": schedule["id"], "done": 0}, key=f"advance/{schedule['id']}")
    return schedule


def due(work: Work, job: Job) -> None:
    """The time of a scheduled advance invoice."""
    schedule = work.get("advance_invoice_schedule", job.payload["id"])
    if schedule is None or schedule["deleted"]:
        return
    subscription = work.need("subscription", schedule["subscription_id"])
    if subscription["status"] != "active":
        return
    fixed = schedule["schedule_type"] == "fixed_intervals"
    inner = schedule["fixed_interval_schedule" if fixed else "specific_dates_schedule"]
    most = _at_most(work, subscription)
    count = inner["terms_to_charge"] if most is None else min(most, inner["terms_to_charge"])
    if count > 0:
        _bill(work, subscription, count, True)
    done = job.payload["done"] + 1
    following = _before_renewal(work, subscription, inner["days_before_renewal"]) if fixed else 0
    over = done >= inner.get("number_of_occurrences", 10**9) or following > inner.get("end_date", following)
    if fixed and count > 0 and not over:
        work.jobs.schedule(following, "advance", {"id": schedule["id"], "done": done}, key=f"advance/{schedule['id']}")
    else:
        _drop(work, subscription, schedule)


def _drop(work: Work, subscription: Doc, schedule: Doc) -> None:
    schedule["deleted"] = True
    work.save("advance_invoice_schedule", schedule)
    work.jobs.cancel(f"advance/{schedule['id']}")
    left = [key for key in subscription.get("_advances", ()) if key != schedule["id"]]
    subscription["_advances"] = left
    subscription["has_scheduled_advance_invoices"] = bool(left)
    work.save("subscription", subscription)


def _held(work: Work, subscription: Doc) -> list[Doc]:
    return [work.need("advance_invoice_schedule", key) for key in subscription.get("_advances", ())]


def retrieve(work: Work, _params: Params, key: str) -> Result:
    """GET /subscriptions/{id}/retrieve_advance_invoice_schedule."""
    return {"advance_invoice_schedules": _held(work, live(work, key))}


def edit(work: Work, params: Params, key: str) -> Result:
    """POST /subscriptions/{id}/edit_advance_invoice_schedule: the schedules given take the place of those there are."""
    subscription = live(work, key)
    before = _held(work, subscription)
    if not before:
        raise bad_state("no advance invoices are scheduled")
    kind = params.choice("schedule_type", KINDS[1:]) or before[0]["schedule_type"]
    for schedule in before:
        _drop(work, subscription, schedule)
    made = _schedules(work, params, subscription, kind)
    work.emit("subscription_advance_invoice_schedule_updated", **answer(work, subscription),
              advance_invoice_schedules=made)  # fmt: skip
    return {"advance_invoice_schedules": made}


def remove(work: Work, params: Params, key: str) -> Result:
    """POST /subscriptions/{id}/remove_advance_invoice_schedule: those named, or all."""
    subscription = live(work, key)
    held = _held(work, subscription)
    named = [row.need("id") for row in params.rows("specific_dates_schedule")]
    for index, one in enumerate(named):
        if not any(schedule["id"] == one for schedule in held):
            raise not_found(f"specific_dates_schedule[id][{index}]", one)
    gone = [schedule for schedule in held if not named or schedule["id"] in named]
    if not gone:
        raise bad_state("no advance invoices are scheduled")
    for schedule in gone:
        _drop(work, subscription, schedule)
    work.emit("subscription_advance_invoice_schedule_removed", **answer(work, subscription),
              advance_invoice_schedules=gone)  # fmt: skip
    return {"subscription": subscription, "advance_invoice_schedules": gone}
