"""The clerk of the legacy ERP: the correction queue and the months, on pages that no interface file reaches."""

from decimal import Decimal
from typing import Any

from harness.drivers.operator import ask_core
from harness.drivers.stage import Offer, Stage, StepFailed
from harness.money import text


async def clerk(stage: Stage, facts: Any) -> str:
    """Corrects the queued document of a deal's bill and has it processed again, or refuses it for good."""
    offer = stage.offer(facts.deal)
    bill = await stage.platform.bill_of(offer.origin, offer.buyer.account_id)
    queued = (await _act(stage, "queue_list", {}))["documents"]
    found = [row for row in queued if row["XBLNR"] == bill["id"]]
    if not found:
        raise StepFailed(f"no document of {bill['id']} waits in the legacy ERP's queue")
    row = found[-1]
    if facts.discard:
        await _act(stage, "queue_discard", {"DOCNUM": row["DOCNUM"], "reason": facts.discard})
        return f"the clerk refuses {bill['id']}: {facts.discard}"
    for field, value in facts.fields.items():
        number = _segment(row, field)
        await _act(stage, "queue_edit", {"DOCNUM": row["DOCNUM"], "SEGNUM": number, "SEGFLD": field, "value": value})
    done = await _act(stage, "queue_retry", {"DOCNUM": row["DOCNUM"]})
    edits = ", ".join(f"{field} {value}" for field, value in facts.fields.items()) or "nothing"
    return f"the clerk changes {edits} of {bill['id']} and has it processed: status {done['STATUS']}"


def _segment(row: Any, field: str) -> int:
    """The first segment, counted from one, that carries the field."""
    for number, segment in enumerate(row["segments"], start=1):
        if field in segment["fields"]:
            return number
    raise StepFailed(f"document {row['DOCNUM']} has no field {field}")


async def legacy_period(stage: Stage, facts: Any) -> str:
    """A month is closed, or opened again."""
    company = stage.company.entities[facts.entity]["company_code"]
    await _act(stage, "lock_period", {"BUKRS": company, "period": facts.period, "open": facts.open})
    return f"the legacy ERP's period {facts.period} is {'open' if facts.open else 'closed'} in {company}"


async def legacy_sequence(stage: Stage, facts: Any) -> str:
    """The last accepted number of an interface is moved by hand."""
    said = []
    for partner in stage.company.seed("erp_legacy")["partners"]:
        if facts.interface in partner["roles"] and set(partner["roles"]) != {"PAY"}:  # not the bank's
            key = {"SNDPRN": partner["SNDPRN"], "IFACE": facts.interface}
            moved = await _act(stage, "reset_sequence", {**key, "by": facts.by, "who": "OPERATOR"})
            said.append(f"{partner['SNDPRN']} {moved['before']} becomes {moved['last']}")
    return f"the legacy ERP's last accepted {facts.interface} file is set by hand: {', '.join(said)}"


async def _act(stage: Stage, verb: str, arguments: dict[str, Any]) -> Any:
    try:
        return await stage.world.control("erp_legacy", "POST", f"/_control/act/{verb}", arguments)
    except ValueError as error:
        raise StepFailed(str(error)) from error


async def discounted_receipt(stage: Stage, offer: Offer, bill: Any, facts: Any) -> str:
    """Money for a bill is booked by hand, and what the customer has taken off for paying early with it."""
    due = Decimal(text(bill["amount_due"], offer.currency).replace(",", ""))
    paid = facts.amount if facts.amount is not None else due - facts.discount
    company = stage.company.entities[offer.buyer.entity]["company_code"]
    done = await _act(stage, "bank_receipt", {
        "BUKRS": company, "XBLNR": bill["id"], "WAERS": offer.currency, "WRBTR": f"{paid:.2f}",
        "SKONTO": f"{facts.discount:.2f}", "date": stage.today(offer.buyer.entity).isoformat(),
    })  # fmt: skip
    sent = f"{paid:,.2f} {offer.currency} for {bill['id']}, {facts.discount:,.2f} taken off"
    return f"{offer.buyer.name} transfers {sent} (document {done['BELNR']})"


async def paid_out(stage: Stage, number: str, amount: Decimal | None) -> Decimal:
    """A credit memo is paid out by the bank, all that is open of it or so much: how much it was."""
    books = await stage.world.control("erp_legacy", "GET", "/_control/books")
    found = [row for row in books["document"] if row.get("XBLNR") == number and row.get("BLART") == "DG"]
    if not found:
        raise StepFailed(f"the legacy ERP has no credit memo {number} yet, so nobody can pay it out there")
    place = {name: found[0][name] for name in ("BUKRS", "BELNR", "GJAHR")}
    done = await _act(stage, "pay_out", place | ({} if amount is None else {"WRBTR": f"{amount:.2f}"}))
    return Decimal(done["WRBTR"])


async def legacy_customer(stage: Stage, facts: Any, company: str) -> str:
    """A customer of long ago, and the list of all of them anew; or the core is told whose one is."""
    if facts.is_of is None:
        books = await stage.world.control("erp_legacy", "GET", "/_control/books")
        number = 100001 + sum(row["object"] == "KNA1" for row in books["party"])  # a range of the clerks' own
        done = await _act(stage, "customer_save", {
            "BUKRS": company, "KUNNR": str(number), "NAME1": facts.name[:35], "NAME2": facts.name[35:],
            "LAND1": "SG", "KTOKD": "0001",
            "AKONT": "0000140000", "ZZSTCEG": facts.tax_id,
        })  # fmt: skip
        listed = await _act(stage, "customer_list", {"BUKRS": company})
        return f"the legacy ERP has had a customer {facts.name} ({done['KUNNR']}) for long, as {listed['file']} says"
    books = await stage.world.control("erp_legacy", "GET", "/_control/books")
    number = next((row["KUNNR"] for row in books["party"] if row.get("NAME1") == facts.name), None)
    if number is None:
        raise StepFailed(f"the legacy ERP has no customer {facts.name}")
    _, known = await ask_core(stage, "GET", "/mappings/policies/known_customers")
    buyer, value = stage.buyer(facts.is_of), dict(known.get("value") or {})
    value["numbers"] = {**value.get("numbers", {}), buyer.account_id: number}
    status, answer = await ask_core(stage, "PUT", "/mappings/policies/known_customers", value)
    if status not in (200, 201):
        raise StepFailed(f"the core answered {status}: {answer}")
    return f"the core is told that {number} is {buyer.name}"
