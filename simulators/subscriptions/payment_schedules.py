"""Payment schedules: an invoice paid in parts, each due on its own date, by a scheme of shares and distances."""

from typing import Any

from simulators.kit.fidelity import approximate
from simulators.kit.jobs import Job
from simulators.kit.store import Doc
from simulators.subscriptions import billing, invoices, settlement
from simulators.subscriptions.charging import collection
from simulators.subscriptions.errors import bad_state, not_found, wrong
from simulators.subscriptions.params import Params
from simulators.subscriptions.rules_credit import spread
from simulators.subscriptions.rules_invoice import OPEN
from simulators.subscriptions.work import Work

approximate(
    "payment schedules",
    "the first part is due at once, payments fill the parts from the first on; parts that fall due are "
    "collected if the customer's invoices are",
    source="ours",
)

Result = dict[str, Any]

PARTS_MAX = 24


def create_scheme(work: Work, params: Params) -> Result:
    """POST /payment_schedule_schemes: equal parts a period apart, or `flexible_schedules` with shares in percent."""
    count = params.number("number_of_schedules", least=2, most=PARTS_MAX)
    unit = params.choice("period_unit", ("day", "week", "month"), required=True)
    flexible = [
        {"period": row.number("period"), "amount_percentage": row.number("amount_percentage", least=1, most=100)}
        for row in params.rows("flexible_schedules")
    ]
    period = params.integer("period", least=1, most=365)
    if flexible and (len(flexible) != count or sum(part["amount_percentage"] for part in flexible) != 100):
        raise wrong("flexible_schedules", f"should be {count} parts that make 100 percent")
    if not flexible and period is None:
        raise wrong("period", "cannot be blank")
    scheme: Doc = {
        "id": f"pss_{work.token('payment_schedule_scheme')}", "name": params.need("name"), "period_unit": unit,
        "number_of_schedules": count, "created_at": work.at, "deleted": False, "object": "payment_schedule_scheme",
    }  # fmt: skip
    if period is not None:
        scheme["period"] = period
    if flexible:
        scheme["preferred_schedules"] = [{**part, "object": "preferred_schedule"} for part in flexible]
    work.save("payment_schedule_scheme", scheme)
    work.emit("payment_schedule_scheme_created", payment_schedule_scheme=scheme)
    return {"payment_schedule_scheme": scheme}


def scheme_of(work: Work, key: str, param: str | None = None) -> Doc:
    """A scheme that is not deleted, or 404."""
    scheme = work.need("payment_schedule_scheme", key, param)
    if scheme["deleted"]:
        raise not_found(param, key)
    return scheme


def retrieve_scheme(work: Work, _params: Params, key: str) -> Result:
    """GET /payment_schedule_schemes/{id}."""
    return {"payment_schedule_scheme": scheme_of(work, key)}


def delete_scheme(work: Work, _params: Params, key: str) -> Result:
    """POST /payment_schedule_schemes/{id}/delete: schedules made by it go on."""
    scheme = scheme_of(work, key)
    scheme["deleted"] = True
    work.save("payment_schedule_scheme", scheme)
    work.emit("payment_schedule_scheme_deleted", payment_schedule_scheme=scheme)
    return {"payment_schedule_scheme": scheme}


def plan(work: Work, scheme: Doc, amount: int, start: int) -> list[tuple[int, int]]:
    """Dates and amounts by which a scheme spreads an amount: the first part is due at the start."""
    flexible = scheme.get("preferred_schedules")
    count = scheme["number_of_schedules"]
    steps = [part["period"] for part in flexible] if flexible else [scheme["period"] * n for n in range(count)]
    weights = [part["amount_percentage"] for part in flexible] if flexible else [1] * count
    anchor = work.calendar.anchor_day(start)
    dates = [work.calendar.add(start, step, scheme["period_unit"], anchor) for step in steps]
    return list(zip(dates, spread(amount, weights), strict=True))


def apply(work: Work, params: Params, key: str) -> Result:
    """POST /invoices/{id}/apply_payment_schedule_scheme: what is due (or `amount` of it) is paid by schedule."""
    invoice = invoices.live(work, key)
    invoices.must_be_open(invoice, "schedule the payment of")
    if invoice.get("dunning_status") == "in_progress":
        raise bad_state("the invoice is being dunned")
    if any(True for _ in of_invoice(work, key)):
        raise bad_state("the invoice has a payment schedule")
    scheme = scheme_of(work, params.need("scheme_id"), "scheme_id")
    amount = params.integer("amount", least=1) or invoice["amount_due"]
    if amount > invoice["amount_due"]:
        raise wrong("amount", f"is more than the {invoice['amount_due']} due")
    schedule: Doc = {
        "id": f"ps_{work.token('payment_schedule')}", "scheme_id": scheme["id"], "entity_type": "invoice",
        "entity_id": key, "invoice_id": key, "amount": amount, "currency_code": invoice["currency_code"],
        "created_at": work.at, "deleted": False, "object": "payment_schedule", "_settled": invoice["total"] - amount,
        "schedule_entries": [
            {"id": f"pse_{work.token('schedule_entry')}", "date": date, "amount": part, "scheduled_amount": part,
             "status": "posted", "object": "schedule_entry"}
            for date, part in plan(work, scheme, amount, work.at)
        ],
    }  # fmt: skip
    work.save("payment_schedule", schedule)
    for index, entry in enumerate(schedule["schedule_entries"]):
        payload = {"id": schedule["id"], "entry": entry["id"]}
        work.jobs.schedule(entry["date"], "schedule_entry", payload, key=f"schedule/{schedule['id']}/{index}")
    work.emit("payment_schedules_created", payment_schedule=shown(work, schedule), invoice=invoice)
    return {"invoice": invoice}


def of_invoice(work: Work, key: str) -> list[Doc]:
    """The schedules of an invoice."""
    return work.find("payment_schedule", invoice_id=key)


def shown(work: Work, schedule: Doc) -> Doc:
    """A schedule as it stands: payments fill its parts from the first on."""
    invoice = work.need("invoice", schedule["entity_id"])
    settled = max(0, invoice["total"] - invoice["amount_due"] - schedule["_settled"])
    entries = []
    for entry in schedule["schedule_entries"]:
        paid = min(settled, entry["scheduled_amount"])
        settled -= paid
        left = entry["scheduled_amount"] - paid
        status = "paid" if not left else "payment_due" if entry["date"] <= work.at else "posted"
        entries.append({**entry, "amount": left, "status": status})
    return {**schedule, "schedule_entries": entries}


def list_of(work: Work, _params: Params, key: str) -> Result:
    """GET /invoices/{id}/payment_schedules."""
    invoices.live(work, key)
    return {"payment_schedules": [shown(work, each) for each in of_invoice(work, key)]}


def row(work: Work, schedule: Doc) -> Result:
    """A row of the list."""
    return {"payment_schedule": shown(work, schedule)}


def entry_due(work: Work, job: Job) -> None:
    """A part falls due: told, and collected if invoices of the customer are."""
    schedule = work.get("payment_schedule", job.payload["id"])
    if schedule is None:
        return
    invoice = work.need("invoice", schedule["entity_id"])
    if invoice["status"] not in OPEN or invoice["deleted"]:
        return
    now = shown(work, schedule)
    entry = next(one for one in now["schedule_entries"] if one["id"] == job.payload["entry"])
    customer = work.need("customer", invoice["customer_id"])
    subscription = billing.owner(work, invoice)
    mode = customer["auto_collection"] if subscription is None else collection(customer, subscription)
    source = settlement.source_for(work, customer, subscription)
    part = min(entry["amount"], invoice["amount_to_collect"])
    if mode == "on" and source is not None and part and invoice.get("dunning_status") != "in_progress":
        settlement.collect(work, invoice, customer, source, part)
    work.save("payment_schedule", schedule)
    work.emit("payment_schedules_updated", payment_schedule=shown(work, schedule), invoice=invoice)
