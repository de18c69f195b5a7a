"""Money under random hands: whatever is billed, paid, credited, disputed and used, no minor unit appears or is lost."""

import json
import os
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulators.subscriptions.site import DAY, GENESIS, SEED, Site, play, play_again
from tests.simulators.subscriptions.test_usage import START
from tests.simulators.subscriptions.test_usage import seed as usage_seed

EXAMPLES = int(os.environ.get("WINDTUNNEL_MONEY_EXAMPLES", "30"))

CASH = {"payment_method": "bank_transfer", "date": int(GENESIS)}
OUTCOMES = ("succeed", "decline", "delayed", "delayed_failure", "late_failure", "no_answer")
ACTS = (
    "bill", "draft", "pay", "collect", "collect_all", "adjust", "credit", "store", "refund_note", "void_note",
    "delete_note", "record_refund", "refund", "refund_unused", "unlink", "unlink_note", "apply", "apply_credits",
    "void", "write_off", "delete", "withhold", "keep", "promote", "demote", "gateway", "dispute", "close", "reconcile",
    "wait",
)  # fmt: skip
STEPS = st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 5), st.integers(1, 4_000)), min_size=4, max_size=22)


def kept(site: Site, kind: str) -> list[dict[str, Any]]:
    return [doc for doc in site.system.store.find(kind) if not doc.get("deleted")]


class Hand:
    """Does one step to what is there; what makes no sense there is refused, and that is as good."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def pick(self, kind: str, which: int) -> str:
        docs = kept(self.site, kind)
        return docs[which % len(docs)]["id"] if docs else "none"

    def linked(self, invoice: str, links: str, member: str) -> str:
        """The first that is linked to an invoice in this way."""
        found = (self.site.system.store.get("invoice", invoice) or {}).get(links) or [{member: "none"}]
        return str(found[0][member])

    async def do(self, act: str, which: int, amount: int) -> None:
        do, pick = self.site.do, self.pick
        invoice, note, txn = pick("invoice", which), pick("credit_note", which), pick("transaction", which)
        lines = [{"amount": amount, "description": "a"}, {"amount": 333, "description": "b"}]
        new, invoicing = {"customer_id": "acme", "charges": lines}, "/invoices/create_for_charge_items_and_charges"
        reason = {"reason_code": "waiver", "total": amount}
        against = {**reason, "reference_invoice_id": invoice}
        calls: dict[str, tuple[str, dict[str, Any]]] = {
            "bill": (invoicing, {**new, "auto_collection": "on" if which % 2 else "off"}),
            "draft": (invoicing, {**new, "create_pending_invoice": True}),
            "close": (f"/invoices/{invoice}/close", {}),
            "pay": (f"/invoices/{invoice}/record_payment", {"transaction": {**CASH, "amount": amount}}),
            "collect": (f"/invoices/{invoice}/collect_payment", {}),
            "collect_all": ("/customers/acme/collect_payment", {
                "invoice_allocations": [{"invoice_id": invoice}], "amount": amount}),
            "adjust": ("/credit_notes", {**against, "type": "adjustment"}),
            "credit": ("/credit_notes", {**against, "type": "refundable"}),
            "store": ("/credit_notes", {**reason, "customer_id": "acme", "type": "store"}),
            "refund_note": (f"/credit_notes/{note}/record_refund", {"transaction": {**CASH, "amount": amount}}),
            "void_note": (f"/credit_notes/{note}/void", {}),
            "delete_note": (f"/credit_notes/{note}/delete", {}),
            "record_refund": (f"/invoices/{invoice}/record_refund", {"transaction": {**CASH, "amount": amount}}),
            "refund": (f"/invoices/{invoice}/refund", {"refund_amount": amount}),
            "refund_unused": (f"/transactions/{txn}/{'refund' if which % 2 else 'record_refund'}", {
                "amount": amount, **(CASH if which % 2 == 0 else {})}),
            "unlink": (
                f"/invoices/{invoice}/remove_payment",
                {"transaction": {"id": self.linked(invoice, "linked_payments", "txn_id")}}),
            "unlink_note": (
                f"/invoices/{invoice}/remove_credit_note",
                {"credit_note": {"id": self.linked(invoice, "applied_credits", "cn_id")}}),
            "apply": (f"/invoices/{invoice}/apply_payments", {}),
            "apply_credits": (f"/invoices/{invoice}/apply_credits", {}),
            "keep": (
                f"/invoices/{invoice}/remove_tax_withheld",
                {"tax_withheld": {"id": self.linked(invoice, "linked_taxes_withheld", "id")}}),
            "withhold": (f"/invoices/{invoice}/record_tax_withheld", {"tax_withheld": {"amount": amount}}),
            "promote": ("/promotional_credits/add", {"customer_id": "acme", "amount": amount, "description": "gift"}),
            "demote": ("/promotional_credits/deduct", {"customer_id": "acme", "amount": amount, "description": "back"}),
            "reconcile": (f"/transactions/{txn}/reconcile", {"status": "success" if which % 2 else "failure"}),
        }  # fmt: skip
        if act == "gateway":
            await self.site.system.acts["gateway"]({"outcome": OUTCOMES[which], "delay_s": DAY})
        elif act == "dispute":
            try:
                await self.site.system.acts["chargeback"]({"transaction_id": txn, "amount": amount})
            except ValueError:
                pass  # nothing of it is left
        elif act == "wait":
            await self.site.travel(which)
        else:
            path, fields = calls.get(act, (f"/invoices/{invoice}/{act}", {}))
            assert (await do(path, fields)).status in (200, 400, 404)


def broken(site: Site) -> Iterator[str]:
    """The sentences that do not hold of the site's books."""
    invoices, notes, txns = (kept(site, kind) for kind in ("invoice", "credit_note", "transaction"))
    for one in invoices:
        yield from _invoice(one)
    for one in notes:
        used = one["amount_allocated"] + one["amount_refunded"] + one["amount_available"]
        if one["status"] != "voided" and used != one["total"]:
            yield f"{one['id']}: {used} of {one['total']}"
        if one["amount_allocated"] != sum(entry["allocated_amount"] for entry in one["allocations"]):
            yield f"{one['id']}: allocations"
        if one["amount_refunded"] != sum(entry["applied_amount"] for entry in one["linked_refunds"]):
            yield f"{one['id']}: refunds"
    for one in txns:
        yield from _payment(one, txns)
    (customer,) = site.system.store.find("customer")
    told = {
        "refundable_credits": sum(note["amount_available"] for note in notes),
        "excess_payments": sum(txn["amount_unused"] for txn in txns if txn["type"] == "payment"),
        "promotional_credits": sum(
            entry["amount"] * (1 if entry["type"] == "increment" else -1) for entry in kept(site, "promotional_credit")
        ),
    }
    for name, amount in told.items():
        if customer[name] != amount or amount < 0:
            yield f"{name}: {customer[name]}, the documents say {amount}"
    for kind, prefix in (("invoice", "US-"), ("credit_note", "US-CN-")):
        ids = [doc["id"] for doc in site.system.store.find(kind)]
        numbers = sorted(int(one.removeprefix(prefix)) for one in ids if not one.startswith("draft"))
        if numbers != list(range(1, len(numbers) + 1)):
            yield f"{kind} numbers {numbers}"


def _invoice(one: dict[str, Any]) -> Iterator[str]:
    paid = sum(link["applied_amount"] for link in one["linked_payments"] if link["txn_status"] == "success")
    paid += sum(entry["amount"] for entry in one.get("linked_taxes_withheld", ()))
    credited = sum(entry["applied_amount"] for entry in one["applied_credits"])
    adjusted = sum(entry["cn_total"] for entry in one["adjustment_credit_notes"])
    if (one["amount_paid"], one["credits_applied"], one["amount_adjusted"]) != (paid, credited, adjusted):
        yield f"{one['id']}: sums of links"
    due = 0 if one["status"] == "voided" else one["total"] - paid - credited - adjusted
    if one["amount_due"] != due or due < 0:
        yield f"{one['id']}: due {one['amount_due']}, should be {due}"
    if (one["status"] == "paid") != (due == 0 and one["status"] not in ("voided", "pending")):
        yield f"{one['id']}: {one['status']} with {due} due"
    issued = sum(entry["cn_total"] for entry in one["issued_credit_notes"] if entry["cn_status"] != "voided")
    if adjusted + issued > one["total"]:
        yield f"{one['id']}: credited {adjusted + issued} of {one['total']}"
    returned = any(link["txn_status"] == "late_failure" for link in one["linked_payments"])
    if issued > paid + credited and one["status"] != "voided" and not returned:
        yield f"{one['id']}: {issued} given back of {paid + credited}"
    gross = sum(line["amount"] - line["discount_amount"] + line["tax_amount"] for line in one["line_items"])
    if gross + one["round_off_amount"] != one["total"]:
        yield f"{one['id']}: lines make {gross} of {one['total']}"


def _payment(one: dict[str, Any], txns: list[dict[str, Any]]) -> Iterator[str]:
    if one["type"] != "payment":
        return
    applied = sum(entry["applied_amount"] for entry in one["linked_invoices"])
    given_back = sum(
        txn["amount"] for txn in txns if txn.get("refunded_txn_id") == one["id"] and not txn["linked_credit_notes"]
    )
    if one["status"] == "success" and applied + one["amount_unused"] + given_back != one["amount"]:
        yield f"{one['id']}: {applied} + {one['amount_unused']} + {given_back} of {one['amount']}"
    if one["status"] != "success" and one["amount_unused"]:
        yield f"{one['id']}: {one['amount_unused']} of a payment that is {one['status']}"
    if sum(entry["txn_amount"] for entry in one["linked_refunds"]) > one["amount"]:
        yield f"{one['id']}: more refunded than paid"


@settings(max_examples=EXAMPLES, deadline=None)
@given(STEPS)
def test_no_minor_unit_appears_or_is_lost(steps: list[tuple[str, int, int]]) -> None:
    async def story(site: Site) -> None:
        await site.customer(card={"number": "4111111111111111", "expiry_month": 1, "expiry_year": 2031})
        hand = Hand(site)
        for step in [("bill", 0, 1_111), ("bill", 1, 777), *steps]:
            await hand.do(*step)
            wrong = list(broken(site))
            assert not wrong, (step, wrong)

    play_again(story, seed={name: rows for name, rows in SEED.items() if name != "webhook_endpoints"})


def test_what_was_given_back_cannot_be_taken_off_the_invoice_as_well() -> None:
    async def story(site: Site) -> None:
        await site.customer()
        hand = Hand(site)
        for step in (("bill", 0, 1_000), ("pay", 0, 1_452), ("credit", 0, 500), ("unlink", 0, 0)):
            await hand.do(*step)
        assert kept(site, "invoice")[0]["status"] == "paid" and not list(broken(site))
        await hand.do("void_note", 0, 0)
        await hand.do("unlink", 0, 0)
        assert kept(site, "invoice")[0]["amount_due"] == 1_452 and not list(broken(site))

    play(story)


USES = st.lists(
    st.tuples(st.sampled_from(["usage", "event", "again", "drop", "wait", "sync", "close", "void"]),
              st.integers(0, 30), st.integers(1, 300)),
    min_size=3, max_size=20,
)  # fmt: skip


@settings(max_examples=EXAMPLES, deadline=None)
@given(USES)
def test_what_was_used_is_billed_at_most_once_and_every_line_says_of_what_it_is_made(
    uses: list[tuple[str, int, int]],
) -> None:
    async def story(site: Site) -> None:
        await site.customer()
        items = [{"item_price_id": "platform-USD-yearly", "quantity": 1}, {"item_price_id": "calls"}]
        await site.do("/customers/acme/subscription_for_items", {"id": "sub", "subscription_items": items})
        for number, (act, day, quantity) in enumerate([*uses, ("wait", 30, 0), ("wait", 30, 0)]):
            await _use(site, act, day, quantity, number)
            _counted_once(site)

    play_again(story, seed=usage_seed())


async def _use(site: Site, act: str, day: int, quantity: int, number: int) -> None:
    bills = [doc["id"] for doc in kept(site, "invoice") if doc["line_items"] and doc["line_items"][0]["metered"]]
    bill = bills[day % len(bills)] if bills else "none"
    now_ms = int(site.system.clock.now() * 1_000)
    event = {"subscription_id": "sub", "deduplication_id": f"d{day % 5}", "usage_timestamp": now_ms - day * 60_000,
             "properties": {"quantity": quantity}}  # fmt: skip
    if act == "wait":
        await site.travel(day)
    elif act in ("event", "again"):
        for _ in range(2 if act == "again" else 1):
            await site.do("/usage_events", raw=json.dumps(event), headers={"content-type": "application/json"})
    elif act == "usage":
        await site.do("/subscriptions/sub/usages", {
            "id": f"u{number}", "item_price_id": "calls", "quantity": str(quantity), "usage_date": START + day * DAY,
        })  # fmt: skip
    elif act == "drop":
        await site.do("/subscriptions/sub/delete_usage", {"id": f"u{day}"})
    else:
        await site.do(f"/invoices/{bill}/{'sync_usages' if act == 'sync' else act}")


def _counted_once(site: Site) -> None:
    """Each usage knows one line or none; a final line's quantity is the sum of the usages that know it."""
    lines = {
        line["id"]: line for doc in kept(site, "invoice") if doc["status"] not in ("pending", "voided")
        for line in doc["line_items"] if line["metered"]
    }  # fmt: skip
    made: dict[str, Decimal] = dict.fromkeys(lines, Decimal(0))
    for kind in ("usage", "usage_event"):
        for doc in site.system.store.find(kind):
            if "line_item_id" in doc:
                assert doc["line_item_id"] in lines, "a usage is billed on a line that is not there"
                made[doc["line_item_id"]] += Decimal(doc.get("quantity") or doc["_quantity"])
    assert {key: Decimal(line["quantity"]) for key, line in lines.items()} == made
