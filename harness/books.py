"""Vendor rows of every system's books, read into the one vocabulary of `canon`."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from harness import books_ledgers, books_usage
from harness.agreements import of_their_deals
from harness.canon import (
    Account,
    Canon,
    Contract,
    Correlation,
    Customer,
    Deal,
    Document,
    Milestone,
    Place,
    Receipt,
    Term,
    Told,
)
from harness.money import minor
from harness.shares import day_of, products_of, share_of, starts_of, subscriptions_of, units_by_item, worth_by_item
from harness.stages import first_days, last_moves
from harness.taxes import declared

Row = Mapping[str, Any]
Reader = Callable[[Mapping[str, Any], Canon, Correlation], None]


def read_books(books: Mapping[str, Mapping[str, Any]], correlation: Correlation) -> Canon:
    """All books of one instant: {system: answer of GET /_control/books}. Rows that make no sense go to `unread`."""
    canon = Canon()
    for system, reader in READERS.items():
        if system in books:
            reader(books[system], canon, correlation)
    canon.declared = declared(books, canon, correlation)
    return of_their_deals(canon)


def rows(book: Mapping[str, Any], table: str, *objects: str) -> list[Row]:
    """Rows of a table that are one of the given objects."""
    return [row for row in book.get(table, ()) if row.get("object") in objects]


# -- Salesforce -------------------------------------------------------------------------------


def _salesforce(book: Mapping[str, Any], canon: Canon, correlation: Correlation) -> None:
    if correlation.renamed:
        book = {table: [_as_before(row, correlation) for row in found] for table, found in book.items()
                if isinstance(found, list)}  # fmt: skip
    for row in rows(book, "party", "Account"):
        place = _shipped_to(row)
        canon.accounts[row["Id"]] = Account(
            row["Id"], row["Name"], row.get("Selling_Entity__c") or "", place, row.get("Collections_Status__c") or "",
            Decimal(str(row.get("Overdue_Amount__c") or 0)).normalize(),
        )  # fmt: skip
    canon.merged = {row["Id"]: row["MasterRecordId"] for row in rows(book, "party", "MergedAccount")}
    lines: dict[str, list[Row]] = {}
    for row in rows(book, "line", "OpportunityLineItem"):
        lines.setdefault(row["OpportunityId"], []).append(row)
    history = rows(book, "contract", "OpportunityHistory")
    moved = last_moves(history) | first_days(history)
    for row in rows(book, "contract", "Opportunity"):
        canon.shown[row["Id"]] = row.get("Sync_Status__c") or ""
        deal = _deal(row, lines.get(row["Id"], []), moved, canon, correlation)
        if row.get("IsWon") in (True, "true"):
            canon.deals.append(deal)
            continue
        canon.not_won += [deal] if deal.kind != "new" else []
        canon.lost += [deal] if deal.kind == "renewal" and row.get("IsClosed") in (True, "true") else []
    for row in rows(book, "contract", "Contract"):
        canon.contracts.append(_contract_copy(row))
    for row in rows(book, "contract", "Contract_Change__c"):
        canon.told.append(
            Told(
                row["Id"], row.get("Change_Key__c") or "", row.get("Contract__c") or "", row.get("Kind__c") or "",
                row.get("Origin__c") or "", row.get("Opportunity__c") or "", _whole(row.get("Quantity__c")) or 0,
                row.get("Effective_On__c") or "",
            )
        )  # fmt: skip
    for row in rows(book, "contract", "Milestone__c"):
        amount = minor(row.get("Amount__c") or "0", row.get("CurrencyIsoCode") or "USD")
        accepted = row.get("Status__c") == "Accepted"
        canon.milestones.append(Milestone(row["Id"], row["Name"], row["Opportunity__c"], amount, accepted))
    keys = {one.id: one.key for one in canon.contracts}
    canon.documents += [_invoice_copy(row, canon, keys) for row in rows(book, "document", "Invoice__c")]
    numbers = {row["Id"]: row["Invoice_Number__c"] or "" for row in rows(book, "document", "Invoice__c")}
    canon.documents += [_credit_copy(row, canon, numbers, keys) for row in rows(book, "document", "Credit_Note__c")]
    _shares(rows(book, "document", "Invoice_Share__c", "Credit_Share__c"), canon, keys)
    for row in rows(book, "document", "Payment__c"):
        canon.receipts.append(_payment_copy(row, canon, correlation))


def _as_before(row: Row, correlation: Correlation) -> Row:
    names = correlation.renamed.get(str(row.get("object")), {})
    return {names.get(name, name): value for name, value in row.items()} if names else row


def _shipped_to(row: Row) -> Place:
    kind = "Shipping" if row.get("ShippingCountry") else "Billing"
    country, state, city = (str(row.get(f"{kind}{part}") or "") for part in ("Country", "State", "City"))
    return Place(country, state, city, row.get("Tax_Id__c") or "")


def _entity(account_id: str, canon: Canon) -> str:
    account = canon.accounts.get(account_id)
    return account.entity if account else ""


def _deal(
    row: Row, lines: list[Row], moved: Mapping[tuple[str, str], str], canon: Canon, correlation: Correlation
) -> Deal:
    """A line of what is billed again and again says what one period costs; an amendment is told by one period."""
    currency = row.get("CurrencyIsoCode") or "USD"
    kind = correlation.deal_types.get(row.get("Type") or "", "new")
    term = _whole(row.get("Contract_Term_Months__c")) or 0
    net = recurring = once = 0
    seats = sum(_whole(line["Quantity"]) or 0 for line in lines if line.get("ProductCode") in correlation.plans)
    for line in lines:
        amount = minor(line["TotalPrice"], currency)
        every = correlation.months.get(line.get("ProductCode") or "", 0)
        if every and kind == "amendment" and correlation.quoted_by_months and term:
            recurring, net = recurring + amount * every // term, net + amount
            continue
        recurring, once = recurring + (amount if every else 0), once + (0 if every else amount)
        net += amount * (max(1, term // every) if every and kind != "amendment" else 1)
    return Deal(
        row["Id"], row["Name"], row["AccountId"] or "", _entity(row["AccountId"], canon), currency, net,
        row["CloseDate"], len(lines), _epoch(row.get("LastStageChangeDate")), kind, row.get("ContractId") or "",
        recurring, row.get("Contract_Start_Date__c") or "", once, moved.get((row["Id"], row["StageName"]), ""),
        seats if correlation.plans else None, moved.get((row["Id"], f"{row['StageName']}, first"), ""),
    )  # fmt: skip


def _whole(text: Any) -> int | None:
    return None if text in (None, "") else int(Decimal(str(text)))


def _contract_copy(row: Row) -> Contract:
    currency = row.get("CurrencyIsoCode") or ""
    value = row.get("Value__c")
    return Contract(
        "salesforce", row["Id"], row.get("Subscription_Id__c") or "", row.get("Opportunity__c") or "",
        row["AccountId"], currency, row.get("StartDate") or "", row.get("EndDate") or "", row.get("Status") or "",
        None if value is None else minor(value, currency), quantity=_whole(row.get("Quantity__c")),
        renewal=row.get("Renewal_Status__c") or "", billing=row.get("Billing_Status__c") or "",
    )  # fmt: skip


def _credit_copy(row: Row, canon: Canon, numbers: Mapping[str, str], keys: Mapping[str, str]) -> Document:
    currency, account = row["CurrencyIsoCode"], row.get("Account__c") or ""
    net, tax, gross, left = (minor(row.get(f"{name}__c") or 0, currency) for name in _CREDIT_AMOUNTS)
    return Document(
        "salesforce", row["Id"], row["Credit_Number__c"] or "", "credit", account, _entity(account, canon), currency,
        net, tax, gross, left, row.get("Issue_Date__c") or "", "", row.get("Status__c") or "",
        of=numbers.get(row.get("Invoice__c") or "", ""), posted_as=row.get("ERP_Document__c") or "",
        subscription=keys.get(row.get("Contract__c") or "", ""),
    )  # fmt: skip


def _shares(shown: list[Row], canon: Canon, keys: Mapping[str, str]) -> None:
    numbers = {one.id: one.key for one in canon.of("salesforce")}
    for row in shown:
        whole = row.get("Invoice__c") or row.get("Credit_Note__c") or ""
        bill, contract = numbers.get(whole, ""), keys.get(row.get("Contract__c") or "", "")
        net, tax = (minor(row.get(f"{name}__c") or 0, row["CurrencyIsoCode"]) for name in ("Net", "Tax"))
        canon.shared.setdefault(bill, []).append((contract, net, tax))


def _epoch(stamp: Any) -> float:
    return datetime.fromisoformat(stamp).timestamp() if stamp else 0.0


def _invoice_copy(row: Row, canon: Canon, keys: Mapping[str, str]) -> Document:
    currency = row["CurrencyIsoCode"]
    account = row.get("Account__c") or ""
    net, tax, gross, balance = (minor(row.get(f"{name}__c") or 0, currency) for name in _AMOUNTS)
    return Document(
        "salesforce", row["Id"], row["Invoice_Number__c"] or "", "invoice", account, _entity(account, canon), currency,
        net, tax, gross, balance, row.get("Issue_Date__c") or "", row.get("Due_Date__c") or "",
        row.get("Status__c") or "", row.get("Opportunity__c") or "", posted_as=row.get("ERP_Document__c") or "",
        subscription=keys.get(row.get("Contract__c") or "", ""),
    )  # fmt: skip


_AMOUNTS, _CREDIT_AMOUNTS = ("Net", "Tax", "Gross", "Balance"), ("Net", "Tax", "Gross", "Available")


def _payment_copy(row: Row, canon: Canon, correlation: Correlation) -> Receipt:
    account, key = row.get("Account__c") or "", row["Payment_Key__c"] or ""
    return Receipt(
        "salesforce", row["Id"], correlation.receipt(key) or key, account, _entity(account, canon),
        row["CurrencyIsoCode"], minor(row.get("Amount__c") or 0, row["CurrencyIsoCode"]),
        row.get("Received_On__c") or "",
    )  # fmt: skip


# -- subscription platform --------------------------------------------------------------------


def _platform(book: Mapping[str, Any], canon: Canon, correlation: Correlation) -> None:
    customers = {row["id"]: row for row in rows(book, "party", "customer")}
    for row in customers.values():
        canon.customers.append(
            Customer(
                "subscriptions", row["id"], row.get(correlation.account_field) or "",
                row.get("business_entity_id") or "", row.get("company") or "",
            )
        )  # fmt: skip
    terms = {
        row["subscription_id"]: row
        for row in rows(book, "contract", "contract_term")
        if row.get("status") == "active"
    }  # fmt: skip
    deals = {}
    future = {row["id"]: row for row in rows(book, "contract", "subscription_with_scheduled_changes")}
    for row in rows(book, "contract", "subscription"):
        deals[row["id"]] = row.get(correlation.deal_field) or ""
        canon.contracts.append(_subscription(row, terms.get(row["id"]), customers, correlation, future.get(row["id"])))
    canon.terms += [_term(row) for row in rows(book, "contract", "contract_term")]
    owners = rows(book, "line", "line_item", "invoice_line_item", "credit_note_line_item")
    lines = Counter(str(row.get("invoice_id") or row.get("credit_note_id") or "") for row in owners)
    issued: dict[str, str] = {}
    metered = books_usage.usage_only(rows(book, "line", "line_item"))
    for row in rows(book, "document", "invoice"):
        agreed = {} if row["id"] in metered else deals
        if "issued_to" in row:
            issued[row["id"]] = _account_of({"customer_id": row["issued_to"]}, customers, correlation)
        canon.documents.append(
            replace(_bill(row, customers, agreed, lines, correlation), issued=issued.get(row["id"], ""))
        )
        canon.services[row["id"]] = _services(row, correlation)
    books_usage.platform(book, canon, correlation)
    for row in rows(book, "document", "credit_note"):
        note = _credit_note(row, customers, lines, correlation)
        canon.documents.append(replace(note, issued=issued.get(note.of, "")))
        canon.services[row["id"]] = _services(row, correlation)
    for row in rows(book, "document", "transaction"):
        if row.get("type") in _MOVED and row.get("status") in ("success", "late_failure"):
            canon.receipts.append(_payment(row, customers, correlation))


def _account_of(row: Row, customers: Mapping[str, Row], correlation: Correlation) -> str:
    return str(customers.get(row.get("customer_id", ""), {}).get(correlation.account_field) or "")


def _local_day(epoch: Any, entity: str, correlation: Correlation) -> str:
    """A bill's date is a day in its entity's own zone."""
    if epoch in (None, ""):
        return ""
    zone = ZoneInfo(correlation.zones.get(entity, "UTC"))
    return datetime.fromtimestamp(float(epoch), zone).date().isoformat()


def _services(row: Row, correlation: Correlation) -> set[tuple[str, str, int]]:
    """First and last day of what the lines are for, in the entity's zone, and their net; an instant has no days."""
    found = set()
    inclusive = row.get("price_type") == "tax_inclusive"
    for line in row.get("line_items") or ():
        begin, end = float(line.get("date_from") or 0), float(line.get("date_to") or 0)
        first = _local_day(begin, row.get("business_entity_id") or "", correlation)
        days = max(1, round((end - begin) / 86_400)) - 1
        last = (date.fromisoformat(first) + timedelta(days=days)).isoformat()
        net = int(line["amount"]) - int(line.get("discount_amount") or 0)
        net -= int(line.get("tax_amount") or 0) if inclusive else 0
        found.add((first, last, net) if end > begin else ("", "", net))
    return found


def _recurring(row: Row) -> int:
    """What a subscription's items come to per billing period, without usage."""
    whole, total = _months(row), 0
    for item in row.get("subscription_items") or ():
        if item.get("item_type") != "charge" and item.get("amount"):
            total += int(item["amount"]) * max(1, whole // (_months(item) or whole or 1))
    return total


def _months(row: Row) -> int:
    return {"month": 1, "year": 12}.get(str(row.get("billing_period_unit")), 0) * int(row.get("billing_period") or 0)


def _term(row: Row) -> Term:
    return Term(
        row["id"], row["subscription_id"], day_of(row["contract_start"]), day_of(row["contract_end"]),
        int(row["billing_cycle"]), int(row["total_contract_value_before_tax"]), row["status"],
    )  # fmt: skip


def _subscription(
    row: Row, term: Row | None, customers: Mapping[str, Row], correlation: Correlation, future: Row | None
) -> Contract:
    start = row.get("start_date") or row.get("started_at")
    value = None
    if term is not None and term.get("total_contract_value_before_tax") is not None:
        value = int(term["total_contract_value_before_tax"])
    elif term is None and row["status"] == "future":  # its term begins with it; what it will bill first is agreed
        value = sum(int(item.get("amount") or 0) for item in row.get("subscription_items") or ())  # metered: none
    return Contract(
        "subscriptions", row["id"], row["id"], row.get(correlation.deal_field) or "",
        _account_of(row, customers, correlation), row["currency_code"],
        day_of(term["contract_start"] if term else start), day_of(term["contract_end"] if term else None),
        row["status"], value, row.get("business_entity_id") or "",
        sum(int(i["quantity"]) for i in row.get("subscription_items") or () if i.get("item_type") == "plan"),
        _months(row), _recurring(row), int(term["remaining_billing_cycles"]) if term else 0, _recurring(future or row),
        bool(row.get("has_scheduled_changes")),
        term is not None and term["action_at_term_end"] in ("renew", "renew_once"), term is not None,
    )  # fmt: skip


def _bill(
    row: Row, customers: Mapping[str, Row], deals: Mapping[str, str], lines: Mapping[str, int], correlation: Correlation
) -> Document:
    reference = str(row.get("po_number") or "")
    deal, milestone = deals.get(row.get("subscription_id") or "", ""), ""
    if not deal and reference.startswith(correlation.deal_reference_prefix):
        deal, _, milestone = reference.removeprefix(correlation.deal_reference_prefix).partition("-")
    tax = int(row.get("tax") or 0)
    entity = row.get("business_entity_id") or ""
    whose = subscriptions_of(row)
    return Document(
        "subscriptions", row["id"], row["id"], "invoice", _account_of(row, customers, correlation), entity,
        row["currency_code"], int(row["total"]) - tax, tax, int(row["total"]), int(row["amount_due"]),
        _local_day(row["date"], entity, correlation), _local_day(row.get("due_date"), entity, correlation),
        row["status"], deal, lines.get(row["id"], len(row.get("line_items") or ())), place=_billed_to(row),
        at=float(row["date"]), final_at=float(row.get("generated_at") or row["date"]),
        subscription=whose[0] if len(whose) == 1 else "", starts=starts_of(row.get("line_items") or ()),
        metered=sum(int(line["amount"]) for line in row.get("line_items") or () if line.get("metered")),
        milestone=milestone, products=products_of(row), po=reference,
        items=worth_by_item(row, correlation.items), units=units_by_item(row, correlation.items),
        shares=tuple(share_of(row, key, deals) for key in whose) if len(whose) > 1 else (),
    )  # fmt: skip


def _billed_to(row: Row) -> Place:
    address = row.get("shipping_address") or row.get("billing_address") or {}
    country, state, city = (str(address.get(part) or "") for part in ("country", "state", "city"))
    return Place(country, state, city, row.get("vat_number") or "")


def _holds_from(row: Row) -> str:
    """Day from which a credit note gives back: that of a change, which may be dated back, else its own."""
    changed = row.get("reason_code") == "subscription_change"
    return (starts_of(row.get("line_items") or ()) if changed else "") or day_of(row["date"])


def _credit_note(
    row: Row, customers: Mapping[str, Row], lines: Mapping[str, int], correlation: Correlation
) -> Document:
    tax = sum(int(one.get("amount") or 0) for one in row.get("taxes") or ())
    entity = row.get("business_entity_id") or ""
    whose = subscriptions_of(row)
    return Document(
        "subscriptions", row["id"], row["id"], "credit", _account_of(row, customers, correlation), entity,
        row["currency_code"], int(row["total"]) - tax, tax, int(row["total"]), int(row.get("amount_available") or 0),
        _local_day(row["date"], entity, correlation), "", row["status"], "",
        lines.get(row["id"], len(row.get("line_items") or ())), place=_billed_to(row),
        subscription=whose[0] if len(whose) == 1 else "", starts=_holds_from(row),
        reason=row.get("reason_code") or "", of=row.get("reference_invoice_id") or "",
        shares=tuple(share_of(row, key, {}) for key in whose) if len(whose) > 1 else (),  # a note bills no deal
        applied=tuple((one["invoice_id"], int(one["allocated_amount"])) for one in row.get("allocations") or ()),
    )  # fmt: skip


_MOVED = ("payment", "refund", "payment_reversal")  # money that came in, and what took it out again


def _payment(row: Row, customers: Mapping[str, Row], correlation: Correlation) -> Receipt:
    """What went back has a minus, and is set against the credit note that it pays out. A payment that was taken back
    settles nothing any more.
    """
    born = correlation.receipt(str(row.get("reference_number") or ""))
    sign, settles = (1, row.get("linked_invoices")) if row["type"] == "payment" else (-1, ())
    applied: Counter[str] = Counter()  # in two parts, it is one payment of a bill
    for link in (settles or ()) if row["status"] == "success" else ():
        applied[link["invoice_id"]] += int(link["applied_amount"])
    for link in row.get("linked_credit_notes") or ():
        applied[link["cn_id"]] -= int(link["applied_amount"])
    return Receipt(
        "subscriptions", row["id"], born if born[:3] not in ("", "CB:") else f"CB:{row['id']}",
        _account_of(row, customers, correlation), row.get("business_entity_id") or "", row["currency_code"],
        sign * int(row["amount"]), day_of(row["date"]), tuple(applied.items()),
        source=str(row.get("refunded_txn_id") or ""),
    )  # fmt: skip


READERS: dict[str, Reader] = {
    "salesforce": _salesforce,
    "subscriptions": _platform,
    "erp_cloud": books_ledgers.cloud,
    "erp_legacy": books_ledgers.legacy,
    "metering": books_usage.metering,
}
