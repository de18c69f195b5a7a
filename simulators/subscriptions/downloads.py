"""PDFs of bills and credit notes: a signed address for an hour, and a page that says what the document says."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from simulators.kit.calls import Answer, Call
from simulators.kit.currencies import decimals
from simulators.kit.fidelity import approximate
from simulators.kit.store import Doc
from simulators.subscriptions import credit_notes, invoices
from simulators.subscriptions.errors import not_found
from simulators.subscriptions.params import Params
from simulators.subscriptions.work import Work

if TYPE_CHECKING:
    from simulators.subscriptions.app import Subscriptions

approximate(
    "PDF of an invoice or credit note",
    "a signed address for an hour; the page is plain text: number, customer, lines, tax, total, what is due",
    source="ours",
)

Result = dict[str, Any]

KEPT_S = 3_600
SIGNED = ("download.fetch",)
"""Operations that a token in their address opens, and no API key."""
_TOP, _LEADING, _LINES = 780, 14, 52


def install(system: "Subscriptions", base: str) -> None:
    """Where the addresses lead."""

    async def fetch(call: Call, key: str, **_: str) -> Answer:
        found = system.store.get("download", key)
        if found is None or call.at > found["valid_till"]:
            raise not_found(None, key)
        how = f"{found['disposition']}; filename={found['name']}.pdf"
        return Answer(200, pdf(found["text"]), "application/pdf", {"Content-Disposition": how})

    system.routes.add("GET", f"{base}/downloads/{{key}}", SIGNED[0], fetch)


def of_invoice(work: Work, params: Params, key: str) -> Result:
    """POST /invoices/{id}/pdf: disposition_type attachment (default) or inline."""
    return _made(work, params, "Invoice", invoices.live(work, key))


def of_credit_note(work: Work, params: Params, key: str) -> Result:
    """POST /credit_notes/{id}/pdf."""
    return _made(work, params, "Credit note", credit_notes.live(work, key))


def _made(work: Work, params: Params, title: str, doc: Doc) -> Result:
    disposition = params.choice("disposition_type", ("attachment", "inline")) or "attachment"
    token, till = work.token("download", 48), int(work.at) + KEPT_S
    work.keep("download", {"id": token, "valid_till": till, "disposition": disposition, "name": doc["id"],
                           "text": _text(title, doc), "object": "download"})  # fmt: skip
    url = f"{work.base_url}/api/v2/downloads/{token}"
    return {"download": {"download_url": url, "valid_till": till, "mime_type": "application/pdf", "object": "download"}}


def _text(title: str, doc: Doc) -> list[str]:
    def money(amount: int) -> str:
        digits = decimals(doc["currency_code"])
        return f"{Decimal(amount).scaleb(-digits):,.{digits}f} {doc['currency_code']}"

    lines = [f"{title} {doc['id']}", f"Customer {doc['customer_id']}", ""]
    for line in doc["line_items"]:
        lines.append(f"{line.get('description') or line['id']}   {line['quantity']} x   {money(line['amount'])}")
    lines += ["", f"Tax   {money(doc['tax'])}", f"Total   {money(doc['total'])}"]
    return lines + ([f"Due   {money(doc['amount_due'])}"] if "amount_due" in doc else [])


def pdf(lines: list[str]) -> bytes:
    """One page of a portable document (ISO 32000-1, 7.5) with these lines; what is not Latin-1 is a question mark."""
    shown = lines if len(lines) <= _LINES else [*lines[: _LINES - 1], "…"]
    strokes = [b"BT /F1 10 Tf", f"{_LEADING} TL 50 {_TOP} Td".encode()]
    for line in shown:
        text = line.encode("latin-1", "replace")
        for sign in (b"\\", b"(", b")"):
            text = text.replace(sign, b"\\" + sign)
        strokes.append(b"(" + text + b") Tj T*")
    stream = b"\n".join([*strokes, b"ET"])
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)
