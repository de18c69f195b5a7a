"""What the core takes for granted of the legacy ERP's files: each record that it writes or reads, by offsets."""

from collections.abc import Mapping
from typing import Any

from synccore.domain.extracts import ANSWER, DOCUMENT, LENGTHS, PAYMENT
from synccore.systems import books_legacy, customer_list, idoc_layout

_Table = tuple[Mapping[str, tuple[int, int]], int]
WRITTEN: dict[str, _Table] = {
    "EDI_DC40": idoc_layout.DC40, "EDI_DD40": idoc_layout.DD40, "E1KNA1M": idoc_layout.E1KNA1M,
    "E1KNB1M": idoc_layout.E1KNB1M, "Z1SUBHD": idoc_layout.Z1SUBHD, "Z1SUBIT": idoc_layout.Z1SUBIT,
    "Z1SUBTX": idoc_layout.Z1SUBTX, "CTL": idoc_layout.CTL, "TOT": idoc_layout.TOT, "END": idoc_layout.END,
}  # fmt: skip
READ: dict[str, _Table] = {
    "ACK": (ANSWER, LENGTHS["ACK"]), "DOC": (DOCUMENT, LENGTHS["DOC"]), "ZSUBPAY": (PAYMENT, LENGTHS["PAY"]),
    "ZCUSTLST": (customer_list.CUSTOMER, customer_list.LENGTH),
    "ZOPENITM": (books_legacy.OPEN_ITEM, books_legacy.OPEN_ITEM_LENGTH),
}  # fmt: skip


def layouts() -> dict[str, Any]:
    """Length and fields ([offset, length]) by record; a data record's length is that of its header and SDATA."""
    lengths = {"EDI_DD40": idoc_layout.DD40[1] + idoc_layout.SDATA}
    return {
        name: {"length": lengths.get(name, length), "fields": {field: list(place) for field, place in fields.items()}}
        for name, (fields, length) in (WRITTEN | READ).items()
    }
