"""The legacy ERP's books as vendor-named rows: customers, documents, ledger lines, clearings, parked IDocs, job log."""

from typing import Any

from simulators.erp_legacy.codecs import plain_amount
from simulators.erp_legacy.errors import STATUS_TEXT
from simulators.erp_legacy.state import (
    APPLIED,
    CUSTOMER,
    CUSTOMER_COMPANY,
    HEADER,
    IDOC,
    LINE,
    RUN,
    TAX_LINE,
)
from simulators.kit.store import Doc, Store

Rows = list[dict[str, Any]]
_OF_IDOC = ("DOCNUM", "EXTDOC", "STATUS", "MESTYP", "BASENAME", "XBLNR", "KUNNR", "BUKRS", "BELNR", "GJAHR")
_OF_HEADER = (
    "BUKRS", "BELNR", "GJAHR", "BLART", "BLDAT", "BUDAT", "MONAT", "CPUDT", "CPUTM", "XBLNR", "WAERS", "HWAER", "BKTXT",
    "KUNNR", "STBLG", "STJAH", "STGRD", "REBZG", "ZSUBID", "ZSRCSYS", "ZSRCID", "IFACE", "SNDPRN", "DOCNUM", "BASENAME",
)  # fmt: skip
_OF_LINE = ("BUKRS", "BELNR", "GJAHR", "BUZEI", "BSCHL", "KOART", "HKONT", "SHKZG", "KUNNR", "MWSKZ", "WAERS", "XBLNR",
            "AUGBL", "AUGDT")  # fmt: skip
_OF_ITEM = ("POSNR", "KOSTL", "PRCTR", "MENGE", "MEINS", "MATNR", "SGTXT", "ZUONR", "ZPERFR", "ZPERTO")


def books(store: Store) -> dict[str, Rows]:
    """All tables of BOOK_TABLES; amounts are decimal strings in the currency's own decimals."""
    heads = {head["id"]: head for head in store.find(HEADER.name)}
    lines = store.find(LINE.name)
    return {
        "party": _parties(store), "contract": [],
        "document": [_header(head, lines_of) for head, lines_of in _with_customer_line(heads, lines)]
        + _parked(store) + _runs(store),
        "line": [_item(line) for line in lines if line["POSNR"]] + _taxes(store, heads),
        "allocation": _clearings(store, heads), "ledger": [_ledger_line(line, heads) for line in lines],
    }  # fmt: skip


def _parties(store: Store) -> Rows:
    general = [{"object": "KNA1", **row} for row in store.find(CUSTOMER.name)]
    companies = [{"object": "KNB1", **{name: value for name, value in row.items() if name != "id"}}
                 for row in store.find(CUSTOMER_COMPANY.name)]  # fmt: skip
    return general + companies


def _with_customer_line(heads: dict[str, Doc], lines: list[Doc]) -> list[tuple[Doc, Doc | None]]:
    customer = {line["document"]: line for line in lines if line["KOART"] == "D"}
    return [(head, customer.get(key)) for key, head in heads.items()]


def _header(head: Doc, item: Doc | None) -> dict[str, Any]:
    row: dict[str, Any] = {"object": "BKPF", **{name: head[name] for name in _OF_HEADER}}
    row["ZREVERSAL"] = "X" if head.get("REVERSAL") else ""
    if item is not None:
        row |= {"WRBTR": plain_amount(item["WRBTR"], head["WAERS"]), "SHKZG": item["SHKZG"],
                "RESTBT": plain_amount(item["REST"], head["WAERS"]), "ZFBDT": item["ZFBDT"],
                "AUGBL": item["AUGBL"], "AUGDT": item["AUGDT"]}  # fmt: skip
    if "ZPAY" in head:
        paid = head["ZPAY"]
        row |= {"ZPAYXBLNR": paid["XBLNR"], "ZPAYWRBTR": plain_amount(paid["WRBTR"], head["WAERS"]),
                "SKONTO": plain_amount(paid["SKONTO"], head["WAERS"])}  # fmt: skip
    return row


def _parked(store: Store) -> Rows:
    """IDocs that are no posted document: still waiting, in the queue, or discarded (with the reason)."""
    rows: Rows = []
    for doc in store.find(IDOC.name, order="key"):
        if doc["STATUS"] in ("53", "70"):
            continue
        note = doc["history"][-1]
        rows.append({
            "object": "IDOC", **{name: doc["base" if name == "BASENAME" else name] for name in _OF_IDOC},
            "STAMID": note["STAMID"], "STAMNO": note["STAMNO"], "STATXT": note["STATXT"],
            "ZWAITS": "X" if STATUS_TEXT[doc["STATUS"]][1] else "",
        })  # fmt: skip
    return rows


def _ledger_line(line: Doc, heads: dict[str, Doc]) -> dict[str, Any]:
    head = heads[line["document"]]
    row: dict[str, Any] = {"object": "BSEG", **{name: line[name] for name in _OF_LINE}}
    waers, hwaer = head["WAERS"], head["HWAER"]
    row |= {"WRBTR": plain_amount(line["WRBTR"], waers), "DMBTR": plain_amount(line["DMBTR"], hwaer)}
    row |= {"HWAER": hwaer, "BUDAT": head["BUDAT"], "MONAT": head["MONAT"]}
    if line["KOART"] == "D":
        row |= {"RESTBT": plain_amount(line["REST"], waers), "RESTLC": plain_amount(line["DREST"], hwaer)}
        row |= {name: line[name] for name in ("ZTERM", "ZFBDT", "REBZG")}
    return row


def _item(line: Doc) -> dict[str, Any]:
    names = [name for name in (*_OF_LINE, *_OF_ITEM) if name not in ("AUGBL", "AUGDT")]
    row: dict[str, Any] = {"object": "Z1SUBIT", **{name: line[name] for name in names}}
    row["WRBTR"] = plain_amount(line["WRBTR"], line["WAERS"])
    return row


def _taxes(store: Store, heads: dict[str, Doc]) -> Rows:
    rows: Rows = []
    for tax in store.find(TAX_LINE.name):
        head = heads[tax["document"]]
        rows.append({
            "object": "BSET", "BUKRS": head["BUKRS"], "BELNR": head["BELNR"], "GJAHR": head["GJAHR"],
            "XBLNR": head["XBLNR"], "WAERS": head["WAERS"], "POSNR": tax["POSNR"], "MWSKZ": tax["MWSKZ"],
            "KBETR": tax["KBETR"], "FWBAS": plain_amount(tax["FWBAS"], head["WAERS"]),
            "FWSTE": plain_amount(tax["FWSTE"], head["WAERS"]),
        })  # fmt: skip
    return rows


def _runs(store: Store) -> Rows:
    """The job log: each night's run and its window; STATUS as in TBTCO: R running, A aborted, F finished."""
    states = {"running": "R", "aborted": "A", "done": "F"}
    return [
        {"object": "TBTCO", "JOBNAME": run["id"], "STATUS": states[run["state"]], "ZOPENED": run["opens"],
         "ZCLOSED": run["closes"]}
        for run in store.find(RUN.name)
    ]  # fmt: skip


def _clearings(store: Store, heads: dict[str, Doc]) -> Rows:
    """Which credit settles which debit, and by how much; AUGBL once the debit is cleared."""
    rows: Rows = []
    for record in store.find(APPLIED.name, order="key"):
        debit, credit = (_place(record[side], heads) for side in ("debit", "credit"))
        rows.append({
            "object": "CLEARING", "BUKRS": debit["BUKRS"], "KUNNR": debit["KUNNR"], "WAERS": debit["WAERS"],
            "WRBTR": plain_amount(record["amount"], debit["WAERS"]), "AUGBL": record["AUGBL"], "AUGDT": record["AUGDT"],
            "BELNR": debit["BELNR"], "GJAHR": debit["GJAHR"], "XBLNR": debit["XBLNR"], "BLART": debit["BLART"],
            "ZCRBELNR": credit["BELNR"], "ZCRGJAHR": credit["GJAHR"], "ZCRXBLNR": credit["XBLNR"],
            "ZCRBLART": credit["BLART"],
        })  # fmt: skip
    return rows


def _place(line_id: str, heads: dict[str, Doc]) -> Doc:
    return heads[line_id.rpartition("/")[0]]
