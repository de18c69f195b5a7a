"""A small company at the cloud ERP, and callers that reach it in process or over a socket."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from simulators.erp_cloud import create
from simulators.kit.system import Settings

GENESIS = datetime(2026, 1, 5, 9, tzinfo=UTC).timestamp()
KEY = ec.derive_private_key(20260105, ec.SECP256R1())
PUBLIC_PEM = (
    KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
)
CREDENTIALS = {
    "account": "TSTDRV123_SB1", "consumer_key": "ck", "consumer_secret": "cs", "token_id": "tk", "token_secret": "ts",
    "clerk_token_id": "clerk", "clerk_token_secret": "clerk-secret", "controller_token_id": "boss",
    "controller_token_secret": "boss-secret", "m2m_client_id": "client-1", "m2m_certificate_id": "cert-1",
    "m2m_public_key_pem": PUBLIC_PEM,
}  # fmt: skip
SEED: dict[str, Any] = {
    "currency": [
        {"id": "1", "symbol": "USD", "name": "US Dollar", "exchangeRate": 1},
        {"id": "4", "symbol": "EUR", "name": "Euro"},
        {"id": "5", "symbol": "JPY", "name": "Yen", "exchangeRate": 0.0069},
    ],
    "subsidiary": [
        {"id": "1", "name": "Windtunnel US Inc", "currency": "USD", "country": "US"},
        {"id": "2", "name": "Windtunnel GmbH", "currency": "EUR", "country": "DE"},
    ],
    "account": [
        {"id": "10", "acctNumber": "1200", "acctName": "Accounts Receivable", "acctType": "AcctRec"},
        {"id": "11", "acctNumber": "1000", "acctName": "Checking", "acctType": "Bank"},
        {"id": "12", "acctNumber": "1499", "acctName": "Undeposited Funds", "acctType": "UnDepFunds"},
        {"id": "13", "acctNumber": "2200", "acctName": "Sales Taxes Payable", "acctType": "OthCurrLiab"},
        {"id": "14", "acctNumber": "4000", "acctName": "Subscription Income", "acctType": "Income"},
        {"id": "15", "acctNumber": "4100", "acctName": "Services Income", "acctType": "Income"},
        {"id": "16", "acctNumber": "2500", "acctName": "Deferred Revenue", "acctType": "DeferRevenue"},
        {"id": "17", "acctNumber": "7900", "acctName": "Realized Gain/Loss", "acctType": "OthExpense"},
        {"id": "18", "acctNumber": "6100", "acctName": "Bank Charges", "acctType": "Expense"},
    ],
    "accountingPeriods": {"from": "2025-10", "to": "2026-12", "closed_until": "2025-11"},
    "taxCodes": [
        {"id": "1", "name": "US-NYC-8.875", "rate": "8.875", "nexus": "US", "taxType": "US Sales Tax"},
        {"id": "2", "name": "US-0", "rate": "0", "nexus": "US", "taxType": "US Sales Tax"},
        {"id": "3", "name": "DE-19", "rate": "19", "nexus": "DE", "taxType": "VAT"},
    ],
    "terms": [{"id": "2", "name": "Net 30", "daysUntilNetDue": 30}],
    "items": [
        {"type": "serviceSaleItem", "id": "21", "externalId": "SUB-PLATFORM", "itemId": "Platform",
         "incomeAccount": "14", "subsidiary": ["1", "2"], "deferralAccount": "16"},
        {"type": "serviceSaleItem", "id": "22", "externalId": "SVC-ONBOARD", "itemId": "Onboarding",
         "incomeAccount": "15", "subsidiary": ["1"]},
    ],
    "rates": [{"date": "2025-01-01", "from": "EUR", "to": "USD", "rate": "1.10"}],
}  # fmt: skip


@dataclass
class Reply:
    """One answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def id(self) -> str:
        """The internal id in Location."""
        assert self.status == 204, (self.status, self.body)
        return self.headers["location"].rpartition("/")[2]

    @property
    def code(self) -> str:
        """The vendor's error code."""
        return str(self.json["o:errorDetails"][0]["o:errorCode"])

    @property
    def detail(self) -> str:
        """The vendor's error text."""
        return str(self.json["o:errorDetails"][0]["detail"])

    @property
    def path(self) -> str:
        """The property at fault."""
        return str(self.json["o:errorDetails"][0].get("o:errorPath", ""))


@dataclass
class World:
    """A seeded system and a caller with a bearer token; `time` is the wire clock."""

    time: list[float] = field(default_factory=lambda: [GENESIS])
    profile: Any = "roomy"
    seed: Mapping[str, Any] = field(default_factory=lambda: SEED)

    def __post_init__(self) -> None:
        async def nowhere(*_: Any) -> int:
            raise OSError("no webhooks here")

        settings = Settings(
            wire=lambda: self.time[0], sender=nowhere, genesis=GENESIS, credentials=CREDENTIALS, profile=self.profile
        )
        self.system: Any = create(settings)
        with self.system.store.transaction():
            self.system.seed(self.seed)
        self.system.remember()
        self.token = ""

    def assertion(self, algorithm: str = "ES256", key: Any = KEY, kid: str = "cert-1", **changes: Any) -> str:
        """A client assertion as the vendor wants it, with changes to its claims."""
        now = self.time[0]
        claims = {
            "iss": "client-1", "scope": ["rest_webservices"], "iat": now, "exp": now + 3600,
            "aud": "http://erp/services/rest/auth/oauth2/v1/token",
        } | changes  # fmt: skip
        return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": kid})

    def login(self, assertion: str | None = None) -> Reply:
        """Exchange an assertion for a token."""
        text = self.assertion() if assertion is None else assertion
        body = (
            "grant_type=client_credentials&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type"
            f"%3Ajwt-bearer&client_assertion={text}"
        ).encode()
        path = "/services/rest/auth/oauth2/v1/token"
        return self.raw("POST", path, body, {"content-type": "application/x-www-form-urlencoded"})

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """A call below /services/rest with the bearer token; keyword arguments are headers (`_` for `-`)."""
        if not self.token:
            self.token = self.login().json["access_token"]
        sent = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        sent |= {name.replace("_", "-").lower(): value for name, value in headers.items()}
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return self.raw(method, f"/services/rest{path}", raw, sent)

    def raw(self, method: str, target: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """One request straight into the ASGI application."""
        return asyncio.run(self.send(method, target, body, headers))

    async def send(self, method: str, target: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """The same for a running loop."""
        path, _, query = target.partition("?")
        scope = {
            "type": "http", "method": method, "path": path, "raw_path": path.encode(), "scheme": "http",
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in {"host": "erp", **headers}.items()],
        }  # fmt: skip
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.system.app(scope, receive, send)
        head = {name.decode(): value.decode("latin-1") for name, value in sent[0]["headers"]}
        return Reply(sent[0]["status"], head, b"".join(one.get("body", b"") for one in sent[1:]))

    def act(self, verb: str, **arguments: Any) -> Any:
        """A person's deed inside the system."""
        return asyncio.run(self.system.acts[verb](arguments))

    def suiteql(self, query: str, *params: Any, page: str = "") -> Reply:
        """A SuiteQL query."""
        body = {"q": query} | ({"params": list(params)} if params else {})
        return self.call("POST", f"/query/v1/suiteql{page}", body, prefer="transient")

    def rows(self, query: str, *params: Any) -> list[dict[str, str]]:
        """A query's rows without their links."""
        answer = self.suiteql(query, *params)
        assert answer.status == 200, answer.body
        return [{name: value for name, value in row.items() if name != "links"} for row in answer.json["items"]]

    # -- business -----------------------------------------------------------------------------

    def customer(self, name: str = "c1", **values: Any) -> str:
        """A customer of the US subsidiary."""
        body = {"companyName": f"Acme {name}", "subsidiary": {"id": "1"}} | values
        return self.call("PUT", f"/record/v1/customer/eid:CB-{name}", body).id

    def invoice(self, name: str = "US-000001", amount: str = "100.00", tax: str | None = None, **values: Any) -> str:
        """An invoice with one line for customer c1."""
        return self.call("PUT", f"/record/v1/invoice/eid:CBINV-{name}", invoice_body(name, amount, tax, **values)).id

    def get(self, record: str, key: str, query: str = "expandSubResources=true") -> Any:
        """A record's JSON."""
        answer = self.call("GET", f"/record/v1/{record}/{key}?{query}")
        assert answer.status == 200, answer.body
        return answer.json


def invoice_body(
    name: str = "US-000001", amount: str = "100.00", tax: str | None = None, **values: Any
) -> dict[str, Any]:
    """The body that creates an invoice for customer c1."""
    body: dict[str, Any] = {
        "entity": {"externalId": "CB-c1"}, "tranId": name, "tranDate": "2026-01-05",
        "item": {"items": [
            {"item": {"externalId": "SVC-ONBOARD"}, "quantity": 1, "rate": float(amount), "taxDetailsReference": "1"}
        ]},
    }  # fmt: skip
    if tax is not None:
        body |= {
            "taxDetailsOverride": True,
            "taxDetails": {"items": [{"taxDetailsReference": "1", "taxCode": {"refName": "US-NYC-8.875"},
                                      "taxBasis": float(amount), "taxRate": 8.875, "taxAmount": float(tax)}]},
        }  # fmt: skip
    return body | values
