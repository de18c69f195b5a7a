"""IDoc files of our own read back: what a file in the drop says is what we handed over, byte for byte."""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any, cast

from synccore.domain.legacy import Interface, LegacyCustomer, LegacyDocument, LegacyFile, LegacyLine, LegacyTax
from synccore.domain.money import minor
from synccore.systems.idoc import ENCODING, EOL
from synccore.systems.idoc_layout import DC40, DD40, E1KNA1M, E1KNB1M, Z1SUBHD, Z1SUBIT, Z1SUBTX, Layout

NAME = re.compile(r"(CUST|BILL|PAY)_(.+)_[0-9]{8}_([0-9]{6})(?:R([0-9]+))?", re.ASCII)
SEGMENTS = {"E1KNA1M": E1KNA1M, "E1KNB1M": E1KNB1M, "Z1SUBHD": Z1SUBHD, "Z1SUBIT": Z1SUBIT, "Z1SUBTX": Z1SUBTX}
HEAD = "EDI_DC40"

INTERFACES = ("CUST", "BILL", "PAY")  # customers before what names them

Fields = dict[str, str]
Idoc = tuple[Fields, list[tuple[str, Fields]]]  # the envelope, and each segment with its name


def file_of(name: str, data: bytes) -> LegacyFile:
    """What a data file of ours says. Text that was cut stays cut. ValueError if it is none of ours, or broken."""
    named = NAME.fullmatch(name)
    if named is None:
        raise ValueError(f"{name} is no name of a file of ours")
    idocs = list(_idocs(data.decode(ENCODING)))
    if not idocs:
        raise ValueError(f"{name} holds no document")
    interface, first = cast(Interface, named[1]), idocs[0][0]
    customers = tuple(_customer(segments) for _, segments in idocs) if interface == "CUST" else ()
    documents = () if interface == "CUST" else tuple(_document(segments) for _, segments in idocs)
    return LegacyFile(
        name=name, interface=interface, sequence=int(named[3]), created=first["CREDAT"], created_time=first["CRETIM"],
        customers=customers, documents=documents, keys=tuple(envelope["ARCKEY"] for envelope, _ in idocs),
    )  # fmt: skip


def place_of(name: str) -> tuple[int, int, int]:
    """By interface, number, and how often the file of this number had been rejected before."""
    named = NAME.fullmatch(name)
    assert named is not None, name
    return INTERFACES.index(named[1]), int(named[3]), int(named[4] or 0)


def _cut(layout: tuple[Layout, int], line: str) -> Fields:
    return {name: line[start : start + length].strip() for name, (start, length) in layout[0].items()}


def _idocs(text: str) -> Iterator[Idoc]:
    found: Idoc | None = None
    for line in text.split(EOL):
        if line.startswith(HEAD):
            if found is not None:
                yield found
            found = (_cut(DC40, line), [])
        elif line:
            segment = _cut(DD40, line)["SEGNAM"]
            if found is None or segment not in SEGMENTS:
                raise ValueError(f"a segment '{segment}' that we never send there")
            found[1].append((segment, _cut(SEGMENTS[segment], line[DD40[1] :])))
    if found is not None:
        yield found


def _one(segments: list[tuple[str, Fields]], name: str) -> Fields:
    for segment, fields in segments:
        if segment == name:
            return fields
    raise ValueError(f"a document without {name}")


def _customer(segments: list[tuple[str, Fields]]) -> LegacyCustomer:
    general, company = _one(segments, "E1KNA1M"), _one(segments, "E1KNB1M")
    return LegacyCustomer(
        kunnr=general["KUNNR"], company=company["BUKRS"], name=general["NAME1"] + general["NAME2"],
        city=general["ORT01"], country=general["LAND1"], receivables=company["AKONT"], source_id=company["ZZSRCID"],
    )  # fmt: skip


def _document(segments: list[tuple[str, Fields]]) -> LegacyDocument:
    head = _one(segments, "Z1SUBHD")
    currency, kunnr = head["WAERS"], head["KUNNR"]
    given: dict[str, Any] = {  # kind and action are checked by the model
        "kind": head["BLART"], "action": head["ZACTION"], "reason": head["STGRD"], "company": head["BUKRS"],
        "reference": head["XBLNR"], "document_date": _day(head["BLDAT"]), "posting_date": _day(head["BUDAT"]),
        "due_date": _day(head["ZFBDT"]) if head["ZFBDT"].strip("0") else None, "currency": currency, "kunnr": kunnr,
        "text": head["BKTXT"], "subscription": head["ZSUBID"], "source_id": head["ZSRCID"],
        "invoice_document": head["REBZG"],
        "lines": tuple(_line(fields, kunnr, currency) for name, fields in segments if name == "Z1SUBIT"),
        "taxes": tuple(_tax(fields, currency) for name, fields in segments if name == "Z1SUBTX"),
    }  # fmt: skip
    return LegacyDocument(**given)


def _line(fields: Fields, kunnr: str, currency: str) -> LegacyLine:
    customer = fields["KOART"] == "D"
    return LegacyLine(
        posting_key=fields["BSCHL"], customer=customer, account=kunnr if customer else fields["HKONT"],
        debit=fields["SHKZG"] == "S", amount=_money(fields["WRBTR"], currency), tax_code=fields["MWSKZ"],
        tax_base=_money(fields["FWBAS"], currency), quantity=fields["MENGE"], material=fields["MATNR"],
        text=fields["SGTXT"], assignment=fields["ZUONR"], starts=fields["ZPERFR"].strip("0") and fields["ZPERFR"],
        ends=fields["ZPERTO"].strip("0") and fields["ZPERTO"],
    )  # fmt: skip


def _tax(fields: Fields, currency: str) -> LegacyTax:
    base, amount = _money(fields["FWBAS"], currency), _money(fields["FWSTE"], currency)
    return LegacyTax(code=fields["MWSKZ"], rate=Decimal(fields["KBETR"]), base=base, amount=amount)


def _money(text: str, currency: str) -> int:
    return minor(Decimal(text or "0"), currency)


def _day(text: str) -> date:
    return date.fromisoformat(f"{text[:4]}-{text[4:6]}-{text[6:8]}")
