"""IDoc files for the legacy ERP: envelope, segments, and the control file that proves the data file."""

import hashlib
from collections.abc import Iterable
from decimal import Decimal

from synccore.domain.legacy import LegacyCustomer, LegacyDocument, LegacyFile, LegacyLine, LegacyTax
from synccore.systems.credentials import LegacyErpAccess
from synccore.systems.idoc_layout import (
    CTL,
    DC40,
    DD40,
    E1KNA1M,
    E1KNB1M,
    END,
    SDATA,
    TOT,
    Z1SUBHD,
    Z1SUBIT,
    Z1SUBTX,
    money,
    record,
)  # fmt: skip

EOL = "\r\n"
ENCODING = "latin-1"
AMOUNTS = ("WRBTR", "DMBTR", "FWBAS", "FWSTE", "KBETR", "MENGE")
TYPES = {"CUST": ("DEBMAS06", "DEBMAS"), "BILL": ("ZSUBINV01", "ZSUBINV"), "PAY": ("ZSUBINV01", "ZSUBINV")}
SERIES = {"CUST": 1, "BILL": 2, "PAY": 3}
ARCKEY = DC40[0]["ARCKEY"][1]  # says under which key of ours a record went out, if that fits

Segment = tuple[str, int, str]  # name, level, data


def data_and_control(file: LegacyFile, access: LegacyErpAccess) -> tuple[bytes, bytes]:
    """Both files as bytes. The same value always gives the same bytes."""
    lines: list[str] = []
    segments = 0
    for index, (key, parts) in enumerate(_documents(file), start=1):
        number = document_number(file.interface, file.sequence, index)
        own = file.keys[index - 1] if file.keys else key
        lines.append(_envelope(file, access, number, own if len(own) <= ARCKEY else key))
        lines += _data_records(access, number, parts)
        segments += len(parts)
    data = "".join(line + EOL for line in lines).encode(ENCODING)
    count = len(file.customers) + len(file.documents)
    head = record(CTL, {
        "RECTYP": "CTL", "IFACE": file.interface, "SNDPRN": access.partner, "RCVPRN": access.receiver,
        "FILESEQ": f"{file.sequence:06d}", "CREDAT": file.created, "CRETIM": file.created_time,
        "IDOCCNT": f"{count:08d}", "SEGCNT": f"{segments:08d}", "BASENAME": file.name,
    })  # fmt: skip
    end = record(END, {
        "RECTYP": "END", "BYTELEN": f"{len(data):012d}", "SHA256": hashlib.sha256(data).hexdigest(),
        "LINECNT": f"{len(lines):08d}",
    })  # fmt: skip
    control = "".join(line + EOL for line in (head, *totals(file), end)).encode(ENCODING)
    return data, control


def document_number(interface: str, sequence: int, index: int) -> str:
    """Our own document number: interface, file sequence and position, so that an answer leads back to all three."""
    return f"{SERIES[interface]}{sequence:09d}{index:06d}"


def totals(file: LegacyFile) -> list[str]:
    """One line a currency, in minor units: debits, credits with taxes, and the sum of the customers' last 8 digits.

    A file of customers has no currency; its line carries the hash alone.
    """
    by_currency: dict[str, tuple[int, int, int]] = {}
    for document in file.documents:
        debit, credit, check = by_currency.get(document.currency, (0, 0, 0))
        by_currency[document.currency] = (
            debit + document.debits, credit + document.credits, check + int(document.kunnr[-8:]),
        )  # fmt: skip
    if file.customers:
        by_currency[""] = (0, 0, sum(int(customer.kunnr[-8:]) for customer in file.customers))
    return [
        record(TOT, {
            "RECTYP": "TOT", "WAERS": currency, "DEBTOT": f"{debit:018d}", "CRETOT": f"{credit:018d}",
            "KUNHASH": f"{check:016d}",
        })
        for currency, (debit, credit, check) in by_currency.items()
    ]  # fmt: skip


def _documents(file: LegacyFile) -> Iterable[tuple[str, list[Segment]]]:
    for customer in file.customers:
        yield customer.kunnr, _customer(customer)
    for document in file.documents:
        yield document.reference, _accounting(document)


def _envelope(file: LegacyFile, access: LegacyErpAccess, number: str, key: str) -> str:
    idoc_type, message = TYPES[file.interface]
    return record(DC40, {
        "TABNAM": "EDI_DC40", "MANDT": access.client, "DOCNUM": number, "DIRECT": "2", "IDOCTYP": idoc_type,
        "MESTYP": message, "SNDPOR": access.partner, "SNDPRT": "LS", "SNDPRN": access.partner,
        "RCVPOR": access.receiver, "RCVPRT": "LS", "RCVPRN": access.receiver, "CREDAT": file.created,
        "CRETIM": file.created_time, "ARCKEY": key, "SERIAL": f"{file.created}{file.created_time}{number[-6:]}",
    })  # fmt: skip


def _data_records(access: LegacyErpAccess, number: str, segments: list[Segment]) -> list[str]:
    """Numbered within the document; a segment's parent is the last one of the level above."""
    lines: list[str] = []
    last_at_level: dict[int, int] = {0: 0}
    for position, (name, depth, content) in enumerate(segments, start=1):
        head = record(DD40, {
            "SEGNAM": name, "MANDT": access.client, "DOCNUM": number, "SEGNUM": f"{position:06d}",
            "PSGNUM": f"{last_at_level[depth - 1]:06d}", "HLEVEL": f"{depth:02d}",
        })  # fmt: skip
        last_at_level[depth] = position
        lines.append(head + content.ljust(SDATA))
    return lines


def _customer(customer: LegacyCustomer) -> list[Segment]:
    general = record(E1KNA1M, {
        "MSGFN": "009", "KUNNR": customer.kunnr, "KTOKD": "0001", "LAND1": customer.country, "NAME1": customer.name,
        "NAME2": customer.name[35:], "ORT01": customer.city,
    })  # fmt: skip
    company = record(E1KNB1M, {
        "MSGFN": "009", "BUKRS": customer.company, "AKONT": customer.receivables, "ZTERM": "",
        "ZZSRCID": customer.source_id,
    })  # fmt: skip
    return [("E1KNA1M", 1, general), ("E1KNB1M", 2, company)]


def _accounting(document: LegacyDocument) -> list[Segment]:
    due = document.due_date.strftime("%Y%m%d") if document.due_date else "00000000"
    header = record(Z1SUBHD, {
        "BLART": document.kind, "BUKRS": document.company, "XBLNR": document.reference,
        "BLDAT": document.document_date.strftime("%Y%m%d"), "BUDAT": document.posting_date.strftime("%Y%m%d"),
        "MONAT": document.posting_date.strftime("%m"), "WAERS": document.currency, "BKTXT": document.text,
        "KUNNR": document.kunnr, "ZFBDT": due, "REBZG": document.invoice_document, "ZSUBID": document.subscription,
        "ZSRCSYS": "SUBHUB", "ZSRCID": document.source_id, "ZACTION": document.action, "STGRD": document.reason,
    })  # fmt: skip
    currency = document.currency
    lines = [("Z1SUBIT", 2, _line(position, line, currency)) for position, line in enumerate(document.lines, start=1)]
    taxes = [("Z1SUBTX", 2, _tax(position, tax, currency)) for position, tax in enumerate(document.taxes, start=1)]
    return [("Z1SUBHD", 1, header), *lines, *taxes]


def _line(position: int, line: LegacyLine, currency: str) -> str:
    values = {
        "POSNR": f"{position:06d}", "BSCHL": line.posting_key, "KOART": "D" if line.customer else "S",
        "HKONT": line.account if not line.customer else "", "SHKZG": "S" if line.debit else "H",
        "WRBTR": money(line.amount, currency), "MWSKZ": line.tax_code, "MATNR": line.material, "SGTXT": line.text,
        "ZUONR": line.assignment, "ZPERFR": line.starts or "00000000", "ZPERTO": line.ends or "00000000",
    }  # fmt: skip
    if line.tax_code:
        values["FWBAS"] = money(line.tax_base, currency)
    if line.quantity:
        values |= {"MENGE": line.quantity, "MEINS": "EA"}
    return record(Z1SUBIT, values, AMOUNTS)


def _tax(position: int, tax: LegacyTax, currency: str) -> str:
    return record(Z1SUBTX, {
        "POSNR": f"{position:06d}", "MWSKZ": tax.code, "KBETR": f"{Decimal(tax.rate):.3f}",
        "FWBAS": money(tax.base, currency), "FWSTE": money(tax.amount, currency),
    }, AMOUNTS)  # fmt: skip
