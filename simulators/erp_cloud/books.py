"""The system's own books as vendor-named rows with exact decimal texts."""

from typing import Any

from simulators.erp_cloud.rules_money import from_e4
from simulators.erp_cloud.state import State

Doc = dict[str, Any]
Rows = list[dict[str, Any]]

_HEADER = (
    "id", "externalId", "tranId", "tranDate", "dueDate", "entity", "currency", "subsidiary", "exchangeRate", "subtotal",
    "taxTotal", "total", "amountPaid", "amountRemaining", "applied", "unapplied", "otherRefNum", "memo", "account",
    "createdFrom", "approvalStatus", "baseTotal", "createdBy", "createdDate", "lastModifiedDate",
)  # fmt: skip
_PARTY = (
    "id", "externalId", "entityId", "companyName", "isPerson", "firstName", "lastName", "email", "terms",
    "vatRegNumber", "isInactive", "createdBy", "lastModifiedDate",
)  # fmt: skip


def books(state: State) -> dict[str, Rows]:
    """Tables party, document, line, allocation and ledger; ids as texts, references also by name or symbol."""
    documents = state.store.find("transaction")
    externals = {doc["id"]: doc.get("externalId") for doc in documents}
    return {
        "party": [_party(state, doc) for doc in state.store.find("customer")],
        "contract": [],
        "document": [_document(state, doc) for doc in documents],
        "line": [row for doc in documents for row in _lines(state, doc)] + _schedules(state),
        "allocation": [row for doc in documents for row in _allocations(doc, externals)],
        "ledger": _ledger(state),
    }


def _symbol(state: State, key: str) -> str:
    return str(state.need("currency", key).get("symbol") or key)


def _party(state: State, doc: Doc) -> Doc:
    related = [one["subsidiary"] for one in state.store.find("relationship", entity=doc["id"])]
    currencies = [_symbol(state, line["currency"]) for line in doc.get("currencyList") or ()]
    return {
        "object": "customer",
        **{name: doc[name] for name in _PARTY if doc.get(name) is not None},
        "subsidiary": doc["subsidiary"], "subsidiaries": related, "currency": _symbol(state, doc["currency"]),
        "currencies": currencies, "taxRegistration": doc.get("taxRegistration") or [],
    }  # fmt: skip


def _document(state: State, doc: Doc) -> Doc:
    customer = state.get("customer", doc.get("entity")) or {}
    period = state.need("accountingPeriod", doc["postingPeriod"])
    return {
        "object": doc["recordType"],
        **{name: doc[name] for name in _HEADER if doc.get(name) is not None},
        "type": doc["type"], "status": doc["status"], "posting": doc["posting"],
        "currency": _symbol(state, doc["currency"]), "entityExternalId": customer.get("externalId"),
        "postingPeriod": period["periodName"], "periodStart": period["startDate"],
        "periodClosed": bool(period["closed"]),
    }  # fmt: skip


def _lines(state: State, doc: Doc) -> Rows:
    shared = {"transaction": doc["id"], "transactionExternalId": doc.get("externalId"), "tranId": doc["tranId"],
              "currency": _symbol(state, doc["currency"])}  # fmt: skip
    rows = []
    for line in doc.get("item") or ():
        item = state.need("item", line["item"])
        rows.append({"object": f"{doc['recordType']}.item", **shared, **line, "itemId": item.get("itemId"),
                     "itemExternalId": item.get("externalId")})  # fmt: skip
    for detail in doc.get("taxDetails") or ():
        rows.append({"object": f"{doc['recordType']}.taxDetails", **shared, **detail,
                     "taxCodeName": state.name_of("taxCode", detail["taxCode"])})  # fmt: skip
    rows += [{"object": f"{doc['recordType']}.line", **shared, **line} for line in doc.get("line") or ()]
    return rows


def _allocations(doc: Doc, externals: dict[str, Any]) -> Rows:
    return [
        {"object": f"{doc['recordType']}.apply", "transaction": doc["id"],
         "transactionExternalId": doc.get("externalId"), "doc": line["doc"],
         "docExternalId": externals.get(line["doc"]), "amount": line["amount"], "applyDate": doc["tranDate"]}
        for line in doc.get("apply") or ()
    ]  # fmt: skip


def _schedules(state: State) -> Rows:
    """What is deferred of each line, in base currency, and what each month has recognised of it."""
    rows: Rows = []
    for one in state.store.find("revRecSchedule"):
        doc = state.need("transaction", one["sourceTran"])
        base = state.need("subsidiary", one["subsidiary"])["currency"]
        shared = {"schedule": one["id"], "transaction": one["sourceTran"], "tranId": doc["tranId"],
                  "sourceLine": one["line"]}  # fmt: skip
        shown = {name: one[name] for name in (
            "item", "subsidiary", "startDate", "endDate", "recurrenceType", "totalAmount", "amortizedAmount",
        )}  # fmt: skip
        rows.append({"object": "revRecSchedule", **shared, **shown, "currency": _symbol(state, base)})
        rows += [{"object": "revRecSchedule.recurrence", **shared, **row} for row in one["recurrence"]]
    return rows


def _ledger(state: State) -> Rows:
    symbols = {doc["id"]: doc.get("symbol") or doc["id"] for doc in state.store.held("currency")}
    bases = {doc["id"]: doc["currency"] for doc in state.store.held("subsidiary")}
    digits = {doc["id"]: int(doc.get("currencyPrecision", 2)) for doc in state.store.held("currency")}
    accounts = {doc["id"]: doc for doc in state.store.held("account")}
    periods = {doc["id"]: doc["periodName"] for doc in state.store.held("accountingPeriod")}
    rows = []
    for (
        tx,
        line,
        account,
        debit,
        credit,
        foreign,
        subsidiary,
        currency,
        period,
        posting,
        entity,
        day,
    ) in state.store.rows(
        "SELECT tx, line, account, debit_e4, credit_e4, foreign_e4, subsidiary, currency, period, posting, entity, "
        "trandate FROM row_gl ORDER BY tx, line"
    ):
        base = bases[str(subsidiary)]
        chart = accounts[str(account)]
        rows.append({
            "object": "transactionAccountingLine", "transaction": str(tx), "line": line, "account": str(account),
            "acctNumber": chart.get("acctNumber"), "acctName": chart.get("acctName"), "acctType": chart.get("acctType"),
            "debit": from_e4(debit, digits[base]), "credit": from_e4(credit, digits[base]),
            "foreignAmount": from_e4(foreign, digits[str(currency)]), "subsidiary": str(subsidiary),
            "currency": symbols[str(currency)], "baseCurrency": symbols[base], "postingPeriod": periods[str(period)],
            "posting": posting == "T", "entity": None if entity is None else str(entity), "tranDate": day,
        })  # fmt: skip
    return rows
