"""The verbs of a story and what they do in the world: a table of functions that answer with a sentence."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from harness.drivers import money
from harness.drivers.agreements import deal_fields, milestone, move_contract, origin_of, platform_change
from harness.drivers.bank_file import PARTNER, Transfer, pay_file
from harness.drivers.bookwork import edit_book
from harness.drivers.drifting import map_fields, permit_field, rename_field, rename_word, require_field, rule
from harness.drivers.legacy_clerk import clerk, discounted_receipt, legacy_customer, legacy_period, legacy_sequence
from harness.drivers.loading import close_loaded, load, pay_loaded
from harness.drivers.many import sell_many
from harness.drivers.migration import cutover, roll_back
from harness.drivers.operator import ask_core, edit, give_up, retry, set_policy
from harness.drivers.premises import close_period, consolidate_invoices, limits, lock_period, recognize_revenue
from harness.drivers.quiet import settle
from harness.drivers.setting_back import back_up, make_whole, set_back
from harness.drivers.stage import Buyer, Offer, Stage, StepFailed
from harness.drivers.usage import consume, consume_export
from harness.money import minor, text
from harness.replaying import ReplayRefused, replayed
from harness.scenario.model import Step
from harness.scenario.upsets import outage_of
from harness.scenario.values import iso
from harness.world import Unreachable

_ACCOUNT_FIELDS = {
    "name": "Name", "entity": "Selling_Entity__c", "country": "BillingCountry", "state": "BillingState",
    "city": "BillingCity", "street": "BillingStreet", "zip": "BillingPostalCode", "tax_id": "Tax_Id__c",
}  # fmt: skip


async def _customer(stage: Stage, facts: Any) -> str:
    fields = {field: value for name, field in _ACCOUNT_FIELDS.items() if (value := getattr(facts, name))}
    if facts.ship_to is not None:
        place = facts.ship_to
        fields |= {"ShippingCountry": place.country, "ShippingState": place.state, "ShippingCity": place.city}
    account_id = await stage.sales.create("Account", fields)
    stage.buyers[facts.id] = Buyer(facts.id, facts.name, account_id, facts.entity, facts.pays_by)
    return f"{facts.name} is a customer of entity {facts.entity}"


async def _deal(stage: Stage, facts: Any) -> str:
    buyer = stage.buyer(facts.customer)
    entity = stage.company.entities[buyer.entity]
    currency = facts.currency or entity["currencies"][0]
    prices = [await stage.sales.price(line.sku, currency) for line in facts.lines]
    opportunity = {
        "Name": facts.name or f"{buyer.name} {facts.id}", "AccountId": buyer.account_id,
        "StageName": "Negotiation/Review", "CloseDate": stage.today(buyer.entity).isoformat(),
        "CurrencyIsoCode": currency, "Pricebook2Id": prices[0]["Pricebook2Id"],
        "Contract_Term_Months__c": facts.term_months, "Payment_Method__c": buyer.pays_by, "External_Id__c": facts.id,
    }  # fmt: skip
    opportunity |= await deal_fields(stage, facts)
    if facts.start:
        opportunity["Contract_Start_Date__c"] = facts.start.isoformat()
    if facts.po:
        opportunity["PO_Number__c"] = facts.po
    opportunity_id = await stage.sales.create("Opportunity", opportunity)
    lines, worth = [], Decimal(0)
    for line, price in zip(facts.lines, prices, strict=True):
        unit = line.unit_price if line.unit_price is not None else Decimal(str(price["UnitPrice"]))
        worth += unit * line.quantity
        lines.append({"OpportunityId": opportunity_id, "PricebookEntryId": price["Id"],
                      "Quantity": float(line.quantity), "UnitPrice": float(unit)})  # fmt: skip
    await stage.sales.create_many("OpportunityLineItem", lines)
    stage.offers[facts.id] = Offer(facts.id, opportunity_id, buyer, currency, origin_of(stage, facts, opportunity_id))
    what = "1 product" if len(lines) == 1 else f"{len(lines)} products"
    return f"{buyer.name} is offered {what} worth {text(minor(worth, currency), currency)} {currency}"


async def _close(stage: Stage, facts: Any) -> str:
    offers = [stage.offer(name) for name in facts.deal]
    won = [
        {"StageName": "Closed Won", "CloseDate": stage.today(offer.buyer.entity).isoformat()} for offer in offers
    ]  # fmt: skip
    if len(offers) == 1:
        await stage.sales.update("Opportunity", offers[0].opportunity_id, won[0])
    else:
        rows = [{"Id": offer.opportunity_id, **fields} for offer, fields in zip(offers, won, strict=True)]
        await stage.sales.update_many("Opportunity", rows)
    return f"won: {', '.join(f'{offer.id} ({offer.buyer.name})' for offer in offers)}"


async def _lose(stage: Stage, facts: Any) -> str:
    offers = [stage.offer(name) for name in facts.deal]
    rows = [
        {"Id": offer.opportunity_id, "StageName": "Closed Lost",
         "CloseDate": stage.today(offer.buyer.entity).isoformat()} for offer in offers
    ]  # fmt: skip
    await stage.sales.update_many("Opportunity", rows)
    return f"lost: {', '.join(f'{offer.id} ({offer.buyer.name})' for offer in offers)}"


async def _reopen(stage: Stage, facts: Any) -> str:
    offers = [stage.offer(name) for name in facts.deal]
    rows = [{"Id": offer.opportunity_id, "StageName": "Negotiation/Review"} for offer in offers]
    await stage.sales.update_many("Opportunity", rows)
    return f"open again: {', '.join(f'{offer.id} ({offer.buyer.name})' for offer in offers)}"


async def _edit_deal(stage: Stage, facts: Any) -> str:
    offer = stage.offer(facts.deal)
    rows = await stage.sales.query(
        "SELECT Id, Quantity, Product2.ProductCode FROM OpportunityLineItem"
        f" WHERE OpportunityId = '{offer.opportunity_id}'"
    )
    lines = {row["Product2"]["ProductCode"]: row["Id"] for row in rows}
    missing = [sku for sku in facts.lines if sku not in lines]
    if missing:
        raise StepFailed(f"deal {facts.deal} has no line for {', '.join(missing)}")
    for sku, quantity in facts.lines.items():
        await stage.sales.update("OpportunityLineItem", lines[sku], {"Quantity": quantity})
    return f"{facts.deal} says now: {', '.join(f'{quantity} {sku}' for sku, quantity in facts.lines.items())}"


async def _settle(stage: Stage, facts: Any) -> str:
    await settle(stage, facts.within)
    return "all is quiet"


async def _advance(stage: Stage, facts: Any) -> str:
    to = facts.until if facts.until is not None else stage.world.now() + facts.by
    if to < stage.world.now():
        raise StepFailed(f"time only goes forward: it is {iso(stage.world.now())}, not before {iso(to)}")
    await stage.world.advance(to)
    return f"it is {iso(stage.world.now())}"


async def _pay_by_card(stage: Stage, facts: Any) -> str:
    offer = stage.offer(facts.deal)
    bill = await stage.platform.bill_of(offer.origin, offer.buyer.account_id)
    paid, words = await stage.platform.pay_by_card(bill, facts.card)
    if paid == facts.declined:
        raise StepFailed(f"the card for {bill['id']} was {'accepted' if paid else 'declined'}: {words}")
    amount = f"{text(bill['amount_due'], bill['currency_code'])} {bill['currency_code']}"
    how = f"pays {amount} of {bill['id']} by card" if paid else f"tries to pay {bill['id']}: the card is declined"
    return f"{offer.buyer.name} {how}"


async def _transfer(stage: Stage, facts: Any) -> str:
    offer = stage.offer(facts.deal)
    bill = await stage.platform.bill_of(offer.origin, offer.buyer.account_id)
    if bill["amount_due"] <= 0:
        if facts.if_due:
            return f"{offer.buyer.name} owes nothing for {bill['id']}"
        raise StepFailed(f"bill {bill['id']} of deal {facts.deal} is paid already")
    if await stage.carrier_of(bill, offer.buyer.entity) == "erp_cloud":
        today = stage.today(offer.buyer.entity).isoformat()
        payment, paid = await stage.cloud_clerk.receive_transfer(bill["id"], facts.amount, today)
        shown = text(minor(paid, offer.currency), offer.currency)
        return f"{offer.buyer.name} transfers {shown} {offer.currency} for {bill['id']} (receipt {payment})"
    amount = bill["amount_due"] if facts.amount is None else minor(facts.amount, offer.currency)
    if facts.discount is not None:
        return await discounted_receipt(stage, offer, bill, facts)
    name = await _bank_sends(stage, bill["id"], offer.currency, amount)
    return (
        f"{offer.buyer.name} transfers {text(amount, offer.currency)} {offer.currency} for {bill['id']} (file {name})"
    )


async def _bank_sends(stage: Stage, bill: str, currency: str, amount: int) -> str:
    books = await stage.world.control("erp_legacy", "GET", "/_control/books")
    found = [row for row in books["document"] if row.get("XBLNR") == bill and row.get("BLART") == "DR"]
    if not found:
        raise StepFailed(f"the legacy ERP has not posted {bill} yet, so the bank cannot tell what is paid")
    key = (found[0]["BUKRS"], found[0]["BELNR"], found[0]["GJAHR"])
    debtor = next(row["KUNNR"] for row in books["ledger"]
                  if (row["BUKRS"], row["BELNR"], row["GJAHR"]) == key and row.get("KUNNR"))  # fmt: skip
    at = datetime.fromtimestamp(stage.world.now(), UTC)
    sequence = _next_sequence(stage, books)
    transfer = Transfer(key[0], debtor, bill, currency, amount, at.date(), f"BK{at:%y%m%d}{sequence:06d}")
    base, data, control = pay_file([transfer], sequence, at)
    await stage.world.put_file(PARTNER, f"/inbound/{base}.DAT", data)
    await stage.world.put_file(PARTNER, f"/inbound/{base}.CTL", control)
    return base


def _next_sequence(stage: Stage, books: Any) -> int:
    """The bank numbers its files without gaps; in a sandbox that outlives a story it goes on where it was."""
    if stage.bank_sequence is None:
        names = [row.get("BASENAME") or "" for row in books["document"]]
        numbers = [int(name.split("_")[3][:6]) for name in names if name.startswith(f"PAY_{PARTNER}_")]
        stage.bank_sequence = max(numbers, default=0)
    stage.bank_sequence += 1
    return stage.bank_sequence


async def _fix_account(stage: Stage, facts: Any) -> str:
    buyer = stage.buyer(facts.customer)
    given = facts.model_dump(exclude_unset=True, exclude={"customer"})
    await stage.sales.update(
        "Account", buyer.account_id, {_ACCOUNT_FIELDS[name]: value for name, value in given.items()}
    )
    stage.moved.add(buyer.account_id)
    return f"{buyer.name} is corrected in Salesforce: {', '.join(f'{name} {value}' for name, value in given.items())}"


async def _map_item(stage: Stage, facts: Any) -> str:
    status, answer = await ask_core(stage, "PUT", f"/mappings/items/{facts.sku}", facts.value)
    if status not in (200, 201, 204):
        raise StepFailed(f"the core answered {status} to the mapping of {facts.sku}: {answer}")
    return f"product {facts.sku} is mapped anew at the core"


async def _erp_item(stage: Stage, facts: Any) -> str:
    item = await stage.cloud_clerk.create_item(facts.external_id, facts.name, facts.income_account, facts.subsidiaries)
    return f"the cloud ERP has item {facts.external_id} ({item})"


async def _erp_customer(stage: Stage, facts: Any) -> str:
    entity = stage.company.entities[facts.entity]
    if entity["ledger"] == "legacy":
        return await legacy_customer(stage, facts, entity["company_code"])
    if facts.is_of is None:
        made = await stage.cloud_clerk.create_customer(facts.name, entity, facts.tax_id)
        return f"the cloud ERP has had a customer {facts.name} ({made}) for long"
    buyer = stage.buyer(facts.is_of)
    key = f"{stage.correlation.customer_prefix}{buyer.account_id}-{facts.entity}"
    await stage.cloud_clerk.mark_customer(facts.name, key)
    return f"the cloud ERP's customer {facts.name} is marked as {buyer.name}"


async def _merge_accounts(stage: Stage, facts: Any) -> str:
    kept, gone = stage.buyer(facts.into), stage.buyer(facts.gone)
    arguments = {"master": kept.account_id, "losers": [gone.account_id], "values": {}}
    await stage.world.control("salesforce", "POST", "/_control/act/merge", arguments)
    return f"{gone.name} is merged into {kept.name}"


async def _kill_core(stage: Stage, facts: Any) -> str:
    del facts
    await stage.world.kill_core()
    return "the core is dead"


async def _start_core(stage: Stage, facts: Any) -> str:
    await stage.world.start_core(facts.from_backup, facts.release)
    named = f", in its {facts.release} release" if facts.release else ""
    return "the core is up again" + (", on its backup" if facts.from_backup else "") + named


async def _back_up_core(stage: Stage, facts: Any) -> str:
    del facts
    await stage.world.back_up_core()
    return "the core's store is backed up"


async def _disturb(stage: Stage, facts: Any) -> str:
    await stage.storm.place(facts)
    return f"{facts.system}: {facts.kind} at {facts.operation}"


async def _repair(stage: Stage, facts: Any) -> str:
    await stage.storm.repair(facts.id)
    return f"{facts.id} is over"


async def _take_down(stage: Stage, facts: Any) -> str:
    await stage.storm.place(facts.disturbance())
    until = "until somebody brings it up" if facts.lasts is None else f"until {iso(stage.world.now() + facts.lasts)}"
    return f"{facts.system} is away {until}"


async def _bring_up(stage: Stage, facts: Any) -> str:
    if outage_of(facts.system) not in [one.id for one in stage.storm.placed]:
        raise StepFailed(f"{facts.system} was not taken down")
    await stage.storm.repair(outage_of(facts.system))
    return f"{facts.system} is back"


async def _replay(stage: Stage, facts: Any) -> str:
    try:
        customer = {"customer": stage.buyer(facts.customer).account_id} if facts.customer else {}
        replays = await replayed(stage.world, stage.correlation, facts.order() | customer, facts.times)
    except (ReplayRefused, Unreachable) as error:
        raise StepFailed(f"the core takes nothing again: {error}") from error
    if not replays[0].signals:
        raise StepFailed("there are no signals of that time: nothing would be proven")
    stage.replays += replays
    touched = sorted({one for replay in replays for one in replay.touched})
    effect = f"touched {', '.join(touched)}" if touched else "no effect"
    return f"{replays[0].signals} signals taken again {len(replays)} times: {effect}"


Driver = Callable[[Stage, Any], Awaitable[str]]
DRIVERS: dict[str, Driver] = {
    "customer": _customer,
    "deal": _deal,
    "close": _close,
    "lose": _lose,
    "reopen": _reopen,
    "edit_deal": _edit_deal,
    "milestone": milestone,
    "sell_many": sell_many,
    "platform_change": platform_change,
    "move_contract": move_contract,
    "settle": _settle,
    "advance": _advance,
    "pay_by_card": _pay_by_card,
    "transfer": _transfer,
    "credit": money.credit,
    "refund": money.refund,
    "chargeback": money.chargeback,
    "bank_return": money.bank_return,
    "void_payment": money.void_payment,
    "apply_cash": money.apply_cash,
    "pay_out": money.pay_out,
    "cancel": money.cancel,
    "void": money.void,
    "rebill": money.rebill,
    "note_debt": money.note_debt,
    "fix_account": _fix_account,
    "map_item": _map_item,
    "erp_item": _erp_item,
    "erp_customer": _erp_customer,
    "merge_accounts": _merge_accounts,
    "rename_field": rename_field,
    "permit_field": permit_field,
    "rule": rule,
    "rename_word": rename_word,
    "require_field": require_field,
    "map_fields": map_fields,
    "lock_period": lock_period,
    "close_period": close_period,
    "recognize_revenue": recognize_revenue,
    "retry": retry,
    "edit": edit,
    "limits": limits,
    "consolidate_invoices": consolidate_invoices,
    "replay": _replay,
    "load": load,
    "close_loaded": close_loaded,
    "pay_loaded": pay_loaded,
    "edit_book": edit_book,
    "set_policy": set_policy,
    "give_up": give_up,
    "consume": consume,
    "consume_export": consume_export,
    "back_up_core": _back_up_core,
    "kill_core": _kill_core,
    "start_core": _start_core,
    "back_up": back_up,
    "set_back": set_back,
    "make_whole": make_whole,
    "disturb": _disturb,
    "repair": _repair,
    "clerk": clerk,
    "legacy_period": legacy_period,
    "legacy_sequence": legacy_sequence,
    "cutover": cutover,
    "roll_back": roll_back,
    "take_down": _take_down,
    "bring_up": _bring_up,
}
"""Every verb but `expect`, which the runner answers."""


async def perform(stage: Stage, step: Step) -> str:
    """Do one step; returns what happened as a sentence; StepFailed when it could not be done."""
    return await DRIVERS[step.verb](stage, step.facts)
