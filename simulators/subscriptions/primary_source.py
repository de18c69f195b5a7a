"""The customer's one card, as callers from before payment sources know it, and virtual accounts for transfers."""

from typing import Any

from simulators.kit.fidelity import approximate
from simulators.kit.store import Doc
from simulators.subscriptions import bank_accounts, cards, customers, gateway
from simulators.subscriptions.errors import not_found
from simulators.subscriptions.params import Params
from simulators.subscriptions.work import Work

approximate("virtual bank accounts", "records alone: no transfer arrives through them", source="ours")

Result = dict[str, Any]


def retrieve_card(work: Work, _params: Params, key: str) -> Result:
    """GET /cards/{customer_id}: the primary card."""
    customer = customers.live(work, key)
    card = cards.card_of(work, customer)
    if card is None:
        raise not_found(None, key)
    return {"card": card}


def replace_card(work: Work, params: Params, key: str) -> Result:
    """POST /customers/{id}/credit_card: the new primary card; the one before is deleted."""
    customer = customers.live(work, key)
    vat_number = params.group("customer").text("vat_number")
    if vat_number is not None:
        customer["vat_number"] = vat_number
    before = work.get("payment_source", customer.get("primary_payment_source_id"))
    source = cards.attach(work, customer, params)
    cards.make_primary(work, customer, source)
    if before is not None:
        before["deleted"] = True
        work.save("payment_source", before)
    answer = customers.with_card(work, customer)
    work.emit("card_added" if before is None else "card_updated", **answer)
    return answer


def delete_card(work: Work, _params: Params, key: str) -> Result:
    """POST /customers/{id}/delete_card."""
    customer = customers.live(work, key)
    source = work.get("payment_source", customer.get("primary_payment_source_id"))
    if source is not None and "card" in source:
        cards.delete(work, Params({}), source["id"])
        work.emit("card_deleted", customer=customer)
    return {"customer": customer}


def update_method(work: Work, params: Params, key: str) -> Result:
    """POST /customers/{id}/update_payment_method: a payment source by token becomes the primary one."""
    customer = customers.live(work, key)
    group = params.group("payment_method")
    group.text("gateway")
    source = bank_accounts.by_token(work, customer, group)
    cards.make_primary(work, customer, source)
    work.emit("payment_source_added", customer=customer, payment_source=source)
    return customers.with_card(work, customer)


def create_virtual(work: Work, params: Params) -> Result:
    """POST /virtual_bank_accounts and …/create_using_permanent_token."""
    customer = cards.owner(work, params)
    reference = params.text("reference_id") or f"src_{work.token('reference')}"
    if (params.text("gateway_account_id") or gateway.ID) != gateway.ID:
        raise not_found("gateway_account_id", str(params.text("gateway_account_id")))
    scheme = params.choice("scheme", ("ach_credit", "sepa_credit", "us_automated_bank_transfer",
                                      "eu_automated_bank_transfer", "gb_automated_bank_transfer"))  # fmt: skip
    account: Doc = {
        "id": f"vba_{work.token('virtual_bank_account')}", "customer_id": customer["id"], "reference_id": reference,
        "email": params.text("email") or customer.get("email") or "", "scheme": scheme or "ach_credit",
        "bank_name": "TEST BANK", "account_number": f"test_{work.token('account', 12)}", "routing_number": "110000000",
        "gateway": gateway.NAME, "gateway_account_id": gateway.ID, "created_at": work.at, "deleted": False,
        "object": "virtual_bank_account",
    }  # fmt: skip
    work.save("virtual_bank_account", account)
    work.emit("virtual_bank_account_added", virtual_bank_account=account, customer=customer)
    return {"virtual_bank_account": account, "customer": customer}


def delete_virtual(work: Work, _params: Params, key: str) -> Result:
    """POST /virtual_bank_accounts/{id}/delete and …/delete_local."""
    account = work.need("virtual_bank_account", key)
    if account["deleted"]:
        raise not_found(None, key)
    account["deleted"] = True
    work.save("virtual_bank_account", account)
    customer = work.need("customer", account["customer_id"])
    work.emit("virtual_bank_account_deleted", virtual_bank_account=account, customer=customer)
    return {"virtual_bank_account": account, "customer": customer}
