"""The nightly extracts: ZSUBPAY (payments since the last one) and ZOPENITM (all open items), each with its trailer."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from simulators.erp_legacy.codecs import plain_amount, render_amount
from simulators.erp_legacy.layouts import ZOPENITM, ZOPENITM_END, ZSUBPAY, ZSUBPAY_END, encoded
from simulators.kit.store import Doc


def payment_lines(payments: Iterable[tuple[Doc, Doc]]) -> Iterator[bytes]:
    """ZSUBPAY from (BKPF row with ZPAY, its customer item); the trailer's total is the plain sum of WRBTR."""
    count, total = 0, Decimal(0)
    for head, item in payments:
        paid, waers = head["ZPAY"], head["WAERS"]
        count += 1
        total += Decimal(plain_amount(paid["WRBTR"], waers))
        yield encoded(ZSUBPAY.render({
            "RECTYP": "PAY", "BUKRS": head["BUKRS"], "AUGBL": item["AUGBL"], "GJAHR": head["GJAHR"],
            "AUGDT": item["AUGDT"] or head["BUDAT"], "KUNNR": head["KUNNR"], "XBLNR": paid["XBLNR"], "WAERS": waers,
            "WRBTR": render_amount(paid["WRBTR"], waers), "SKONTO": render_amount(paid["SKONTO"], waers),
            "RESTBT": render_amount(paid["RESTBT"], waers), "BELNR": head["BELNR"],
        }))  # fmt: skip
    yield encoded(ZSUBPAY_END.render({"RECTYP": "TRL", "COUNT": f"{count:08d}", "TOTAL": f"{total:>16.3f}"}))


def open_item_lines(items: Iterable[tuple[Doc, Doc]]) -> Iterator[bytes]:
    """ZOPENITM from (BKPF row, open customer item); credits are negative, so the sum is the receivable."""
    count = 0
    for head, item in items:
        count += 1
        sign, waers = 1 if item["SHKZG"] == "S" else -1, head["WAERS"]
        yield encoded(ZOPENITM.render({
            "RECTYP": "OPI", "BUKRS": head["BUKRS"], "KUNNR": item["KUNNR"], "BELNR": head["BELNR"],
            "GJAHR": head["GJAHR"], "BUZEI": item["BUZEI"], "BLART": head["BLART"], "XBLNR": head["XBLNR"],
            "BLDAT": head["BLDAT"], "BUDAT": head["BUDAT"], "ZFBDT": item["ZFBDT"], "WAERS": waers,
            "WRBTR": render_amount(sign * item["WRBTR"], waers), "RESTBT": render_amount(sign * item["REST"], waers),
            "ZSUBID": head["ZSUBID"],
        }))  # fmt: skip
    yield encoded(ZOPENITM_END.render({"RECTYP": "TRL", "COUNT": f"{count:08d}"}))
