"""The cloud ERP's adapter: the signed assertion, exact numbers in postings, references, duplicates and refusals."""

import asyncio
import base64
import json
from dataclasses import replace
from datetime import date

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from synccore.ports.outcomes import Later
from synccore.ports.postings import LedgerLine, Posting
from synccore.ports.systems import Rejected, Unknown
from synccore.systems.assertion import Assertions
from synccore.systems.credentials import CloudErpAccess
from synccore.systems.erp_cloud import CloudErpAdapter
from tests.synccore.systems.wires import Script, reply
from tests.synccore.worlds import Even, HandClock

KEY = ec.derive_private_key(7_777_777, ec.SECP256R1())
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
ACCESS = CloudErpAccess("http://erp", "client", "certificate", PEM)
CURRENCIES = reply(200, {"items": [{"id": "1", "symbol": "USD"}], "hasMore": False})
LINE = LedgerLine("SUB-PLATFORM", "Platform", "10", 12_000_000, 1_065_000, "8.875", "US-NYC-8.875", "US Sales Tax")
POSTING = Posting(
    "CBINV-US-1", "US-1", "10", "1", "USD", date(2026, 1, 5), date(2026, 2, 4), "PO-1", 13_065_000, (LINE,)
)


def adapter(*replies: object) -> tuple[CloudErpAdapter, Script]:
    script = Script(*replies)  # type: ignore[arg-type]
    return CloudErpAdapter(ACCESS, script, HandClock(), Even(), 4, 30.0), script


def test_the_assertion_verifies_and_is_the_same_for_the_same_second_and_id() -> None:
    maker = Assertions(ACCESS, "http://erp/token")
    made = maker.make(1000.5, "id-1")
    assert made == maker.make(1000.5, "id-1")
    claims = jwt.decode(made, KEY.public_key(), ["ES256"], audience="http://erp/token", options={"verify_exp": False})
    assert (claims["iss"], claims["iat"], claims["jti"], claims["scope"]) == (
        "client",
        1000,
        "id-1",
        "rest_webservices",
    )
    header = json.loads(base64.urlsafe_b64decode(made.split(".")[0] + "=="))
    assert header == {"alg": "ES256", "kid": "certificate", "typ": "JWT"}


def test_a_posting_has_exact_numbers_and_the_bills_own_tax() -> None:
    erp, script = adapter(CURRENCIES, reply(204, location="http://erp/services/rest/record/v1/invoice/321"))
    assert asyncio.run(erp.create_invoice(POSTING)) == "321"
    assert b'"amount":120000.00' in script.requests[1].body
    sent = json.loads(script.requests[1].body)
    assert (sent["externalId"], sent["tranId"], sent["dueDate"], sent["otherRefNum"]) == (
        "CBINV-US-1", "US-1", "2026-02-04", "PO-1",
    )  # fmt: skip
    (detail,) = sent["taxDetails"]["items"]
    assert (detail["taxCode"], detail["taxAmount"], detail["taxRate"]) == ({"refName": "US-NYC-8.875"}, 10650.0, 8.875)
    assert script.header(0, "prefer") == "transient"


def test_a_code_that_is_a_number_is_an_internal_id() -> None:
    erp, script = adapter(CURRENCIES, reply(204, location="/invoice/5"))
    asyncio.run(erp.create_invoice(replace(POSTING, lines=(replace(LINE, code="101", tax_type=""),))))
    (detail,) = json.loads(script.requests[1].body)["taxDetails"]["items"]
    assert detail["taxCode"] == {"id": "101"}
    assert "taxType" not in detail


def _error(code: str, detail: str) -> dict[str, object]:
    return {"status": 400, "o:errorDetails": [{"detail": detail, "o:errorCode": code, "o:errorPath": "item"}]}


@pytest.mark.parametrize(("answer", "raised", "duplicate"), [
    (reply(400, _error("USER_ERROR", "This entity already exists.")), Rejected, True),
    (reply(400, _error("USER_ERROR", "DUP_RCRD: external id in use")), Rejected, True),
    (reply(400, _error("USER_ERROR", "The posting period is closed.")), Rejected, False),
    (reply(429, _error("CONCURRENCY_LIMIT_EXCEEDED", "blocked")), Later, False), (reply(204), Unknown, False),
    (reply(500, _error("UNEXPECTED_ERROR", "x")), Unknown, False),
])  # fmt: skip
def test_what_an_answer_to_a_posting_means(answer: object, raised: type[Exception], duplicate: bool) -> None:
    erp, _ = adapter(CURRENCIES, answer)
    with pytest.raises(raised) as caught:
        asyncio.run(erp.create_invoice(POSTING))
    assert getattr(caught.value, "duplicate", False) is duplicate


def test_a_page_of_some_proxy_is_no_answer_to_a_change() -> None:
    erp, _ = adapter(reply(200, b"<html>busy</html>"))
    with pytest.raises(Unknown, match="unreadable"):
        asyncio.run(erp.apply_payment("9", {}, "USD"))


def test_a_receipt_names_what_it_is_applied_to_and_whether_it_is_ours() -> None:
    row = {
        "id": "900", "tranDate": "2026-01-06", "payment": 130650.1, "currency": {"id": "1"}, "externalId": "CBTXN-t",
        "apply": {"items": [
            {"apply": True, "amount": 130650.1, "doc": {"id": "321"}}, {"apply": False, "doc": {"id": "322"}},
        ]},
    }  # fmt: skip
    erp, _ = adapter(reply(200, row), CURRENCIES)
    receipt = asyncio.run(erp.receipt("900"))
    assert receipt is not None
    assert receipt.ours
    assert [(part.bill, part.amount) for part in receipt.applied] == [("321", 13_065_010)]


def test_a_record_that_is_not_there_is_none_and_a_list_is_read_by_pages() -> None:
    erp, script = adapter(
        reply(404, _error("NONEXISTENT_ID", "x")),
        reply(200, {"items": [{"id": "1", "externalid": "A"}], "hasMore": True}),
        reply(200, {"items": [{"id": "2", "externalid": "B"}], "hasMore": False}),
    )

    async def story() -> None:
        assert await erp.invoice("CBINV-x", "USD") is None
        assert await erp.items(["A", "B", "it's"]) == {"A": "1", "B": "2"}

    asyncio.run(story())
    assert "'it''s'" in json.loads(script.requests[1].body)["q"]
    assert script.requests[2].url.endswith("offset=1000")
