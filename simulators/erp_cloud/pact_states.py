"""Provider states of the account, for consumers' contracts; records are named by the consumer's external ids."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from simulators.erp_cloud.moments import today
from simulators.erp_cloud.oauth2 import TOKEN_PATH
from simulators.erp_cloud.rules_periods import period_of
from simulators.kit.faults import Fault
from simulators.kit.pact_states import Params, State, ask

if TYPE_CHECKING:
    from simulators.erp_cloud.app import ErpCloud

REST = "/services/rest"
TAX = {"taxDetailsReference": "T1", "taxCode": {"refName": "US-NYC-8.875"}, "taxBasis": 1000.0, "taxRate": 8.875,
       "taxAmount": 88.75, "taxType": {"refName": "US Sales Tax"}}  # fmt: skip
KEY = ec.derive_private_key(0x5041_4354, ec.SECP256R1())  # a contract's client: there is nothing secret about it


class States:
    """The states of one account; `table` names them."""

    def __init__(self, system: ErpCloud) -> None:
        self._system = system

    def table(self) -> dict[str, State]:
        """Name to function."""
        return {
            "the client is registered": self.registered, "the client is signed in": self.signed_in,
            "the client's session has ended": self.session_ended,
            "too many requests at the same time": self.limited,
            "a customer": self.customer, "an invoice": self.invoice, "a payment of an invoice": self.payment,
            "the period is closed": self.closed, "a taxed invoice": self.taxed, "a deleted invoice": self.deleted,
            "a deleted payment": self.unpaid,
            "a journal on the receivables": self.journal, "a credit memo": self.credit,
            "a refund of a credit memo": self.refunded, "a month that is open": self.open_month,
            "a customer without a key": self.stranger,
        }  # fmt: skip

    async def registered(self, _params: Params) -> Params:
        """An integration with a certificate, and an assertion signed with it: {assertion}."""
        public = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        self._system.access.register("pact", "pact-certificate", public)
        now = int(self._system.settings.wire())
        claims = {"iss": "pact", "scope": "rest_webservices", "aud": f"https://erp.example{TOKEN_PATH}", "iat": now,
                  "exp": now + 600, "jti": "pact"}  # fmt: skip
        return {"assertion": jwt.encode(claims, KEY, "ES256", {"kid": "pact-certificate"})}

    async def signed_in(self, _params: Params) -> Params:
        """A live bearer token of the integration's role: {token}."""
        return {"token": self._system.access.grant()}

    async def session_ended(self, _params: Params) -> Params:
        """A token that was good: {token}."""
        token = self._system.access.grant()
        self._system.expire_credentials()
        return {"token": token}

    async def limited(self, _params: Params) -> Params:
        """The account's concurrency is used up."""
        self._system.faults.add(Fault(id="pact", kind="limit", times=0))
        return {}

    async def customer(self, params: Params) -> Params:
        """A customer of subsidiary 1 by the external id `customer`: {customer_id}."""
        return {"customer_id": await self._create("customer", {
            "externalId": params["customer"], "companyName": "Hudson Analytics", "isPerson": False,
            "subsidiary": {"id": "1"}, "currency": {"id": "1"},
        })}  # fmt: skip

    async def stranger(self, params: Params) -> Params:
        """A customer of subsidiary 1 by the name `name` and no external id: {customer_id}."""
        return {"customer_id": await self._create("customer", {
            "companyName": params["name"], "isPerson": False, "subsidiary": {"id": "1"}, "currency": {"id": "1"},
            "vatRegNumber": "DE1",
        })}  # fmt: skip

    async def invoice(self, params: Params, taxed: bool = False) -> Params:
        """An invoice of 1,000.00 USD by the external id `invoice`: {customer_id, invoice_id}."""
        given = await self.customer({"customer": params.get("customer", "CB-c")})
        made = await self._create("invoice", {
            "externalId": params["invoice"], "tranId": params["invoice"].removeprefix("CBINV-"),
            "entity": {"id": given["customer_id"]}, "subsidiary": {"id": "1"}, "currency": {"id": "1"},
            "tranDate": self._today(),
            "item": {"items": [{"item": {"externalId": "SUB-PLATFORM"}, "quantity": 1, "amount": 1000.0,
                                **({"taxDetailsReference": "T1"} if taxed else {})}]},
            **({"taxDetailsOverride": True, "taxDetails": {"items": [TAX]}} if taxed else {}),
        })  # fmt: skip
        return {**given, "invoice_id": made}

    async def payment(self, params: Params) -> Params:
        """A payment of 400.00 applied to an invoice, entered by hand or by the external id `payment`: {payment_id}."""
        given = await self.invoice(params)
        body = {
            "customer": {"id": given["customer_id"]}, "payment": 400.0, "currency": {"id": "1"},
            "tranDate": self._today(), "autoApply": False,
            "apply": {"items": [{"doc": {"id": given["invoice_id"]}, "apply": True, "amount": 400.0}]},
        }  # fmt: skip
        if "payment" in params:
            body["externalId"] = params["payment"]
        return {**given, "payment_id": await self._create("customerPayment", body)}

    async def credit(self, params: Params) -> Params:
        """A credit memo of 1,000.00 USD by the external id `credit`, beside an invoice: {…, credit_id}."""
        given = await self.invoice(params)
        return {**given, "credit_id": await self._create("creditMemo", {
            "externalId": params["credit"], "entity": {"id": given["customer_id"]}, "subsidiary": {"id": "1"},
            "currency": {"id": "1"}, "tranDate": self._today(), "autoApply": False,
            "item": {"items": [{"item": {"externalId": "SUB-PLATFORM"}, "quantity": 1, "amount": 1000.0}]},
        })}  # fmt: skip

    async def refunded(self, params: Params) -> Params:
        """A refund of a whole credit memo as above by the external id `refund`: {…, refund_id}."""
        given = await self.credit(params)
        return {**given, "refund_id": await self._create("customerRefund", {
            "externalId": params["refund"], "customer": {"id": given["customer_id"]}, "currency": {"id": "1"},
            "tranDate": self._today(), "apply": {"items": [{"doc": {"id": given["credit_id"]}, "apply": True}]},
        })}  # fmt: skip

    async def closed(self, params: Params) -> Params:
        """The posting period `period` (2017-01: the first, so that no earlier one is open) is locked."""
        await self._system.acts["lock_period"]({"period": params["period"]})
        return {}

    async def open_month(self, params: Params) -> Params:
        """The posting month of a day `day`: {period_id}."""
        found = period_of(params["day"], self._system.state.months())
        assert found is not None
        return {"period_id": str(found["id"])}

    async def taxed(self, params: Params) -> Params:
        """An invoice as above with New York's tax."""
        return await self.invoice(params, taxed=True)

    async def deleted(self, params: Params) -> Params:
        """An invoice as above that a person has deleted since."""
        given = await self.invoice(params)
        await self._system.acts["delete_record"]({"record": "invoice", "id": given["invoice_id"]})
        return given

    async def unpaid(self, params: Params) -> Params:
        """A payment of an invoice, as above, that a person has deleted since."""
        given = await self.payment(params)
        await self._system.acts["delete_record"]({"record": "customerPayment", "id": given["payment_id"]})
        return given

    async def journal(self, params: Params) -> Params:
        """A journal of 10.00 against a customer's receivables: {journal_id}."""
        given = await self.customer(params)
        lines = [{"account": {"id": "2"}, "debit": 10.0, "entity": {"id": given["customer_id"]}},
                 {"account": {"id": "5"}, "credit": 10.0}]  # fmt: skip
        body = {"subsidiary": {"id": "1"}, "tranDate": self._today(), "line": {"items": lines}}
        return {"journal_id": await self._create("journalEntry", body)}

    def _today(self) -> str:
        return today(self._system.clock.now(), self._system.state.preferences["timezone"])

    async def _create(self, kind: str, body: dict[str, Any]) -> str:
        headers = {"authorization": f"Bearer {self._system.access.grant()}", "content-type": "application/json"}
        target = f"{REST}/record/v1/{kind}"
        answered, _ = await ask(self._system, "POST", target, headers, json.dumps(body).encode())
        located = {name.lower(): value for name, value in answered.items()}["location"]
        return located.rpartition("/")[2]
