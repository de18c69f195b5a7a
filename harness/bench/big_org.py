"""An org with 100,000 accounts and 300,000 opportunities beside an empty one: queries, record GET, upsert."""

import asyncio
import time
from urllib.parse import quote, urlencode

import orjson

from harness.bench.measure import Call, Figure, paired
from harness.drivers.sales import API
from harness.simulation.asgi import request
from simulators import salesforce
from simulators.kit.system import Settings, System

ACCOUNTS, DEALS = 100_000, 300_000
GENESIS = 1_767_603_600.0
QUERY_BAR_MS, RATIO_BAR = "10", "at most 1.2"
_HOST = "salesforce.sim"
_FROM = "FROM Opportunity WHERE"
_QUERIES = (
    ("by account, with parents", "SELECT Id, Name, Amount, Account.Name, Account.Owner.Name, Owner.Name "
     f"{_FROM} AccountId = '{{account}}' ORDER BY CloseDate"),
    ("by external id, with its account", "SELECT Id, StageName, Account.Name, Account.Industry "
     f"{_FROM} External_Id__c = 'deal-{{number}}'"),
    ("by the account's external id", "SELECT Id, Name, Account.Name "
     f"{_FROM} Account.Billing_Customer_Id__c = 'cb-{{number}}'"),
    ("changed lately, 200 of them", "SELECT Id, Name, Account.Name, SystemModstamp "
     f"{_FROM} SystemModstamp >= 2026-01-05T00:00:00Z ORDER BY SystemModstamp, Id LIMIT 200"),
)  # fmt: skip


class _Org:
    """A Salesforce in this process, and a caller."""

    def __init__(self) -> None:
        begun = time.monotonic()
        wire = lambda: GENESIS + time.monotonic() - begun  # noqa: E731
        self.system: System = salesforce.create(Settings(wire=wire, sender=_nobody, genesis=GENESIS, profile="none"))
        self.headers = {"host": _HOST, "content-type": "application/json"}

    async def login(self) -> None:
        form = urlencode({"grant_type": "client_credentials", "client_id": "windtunnel-core",
                          "client_secret": "windtunnel-secret"})  # fmt: skip
        sent = {"host": _HOST, "content-type": "application/x-www-form-urlencoded"}
        answer = await request(self.system.app, "POST", "/services/oauth2/token", sent, form.encode(), None)
        self.headers["authorization"] = f"Bearer {orjson.loads(answer.body)['access_token']}"

    def caller(self, method: str, path: str, body: bytes = b"") -> Call:
        async def call() -> bytes:
            answer = await request(self.system.app, method, f"{API}/{path}", self.headers, body, None)
            if answer.status >= 300:
                raise RuntimeError(f"{method} {path} answered {answer.status}: {answer.body[:200]!r}")
            return answer.body

        return call

    def get_and_upsert(self, account: str) -> tuple[Call, Call]:
        upsert = self.caller("PATCH", "sobjects/Account/Billing_Customer_Id__c/probe", b'{"Site": "HQ"}')
        return self.caller("GET", f"sobjects/Account/{account}"), upsert


async def _nobody(*_arguments: object) -> int:
    return 200


def big_org() -> list[Figure]:
    """Median milliseconds of indexed queries in the big org; its GET and upsert beside the empty org's."""
    return asyncio.run(_measured())


async def _measured() -> list[Figure]:
    big, small = _Org(), _Org()
    probes = []
    for org in (big, small):
        await org.login()
        body = b'{"Name": "Probe", "Billing_Customer_Id__c": "probe"}'
        probes.append(str(orjson.loads(await org.caller("POST", "sobjects/Account", body)())["id"]))
    begun = time.monotonic()
    await _fill(big, probes[0])
    note = f"{ACCOUNTS:,} accounts, {DEALS:,} opportunities, copied in {time.monotonic() - begun:.0f} s"
    figures = [await _query(big, name, soql, "" if place else note) for place, (name, soql) in enumerate(_QUERIES)]
    for name, one, other in zip(("record GET", "upsert by external id"), big.get_and_upsert(probes[0]),
                                small.get_and_upsert(probes[1]), strict=True):  # fmt: skip
        mine, empty, ratio = await paired(one, other)
        figures.append(Figure(f"big org: {name}", mine, "us", empty, ratio, RATIO_BAR, "beside the empty org"))
    return figures


async def _fill(org: _Org, account: str) -> None:
    """Copies of one account and one deal, made by SQLite itself: ids, names, external ids and amounts differ."""
    deal = {"Name": "Probe", "AccountId": account, "StageName": "Prospecting", "CloseDate": "2026-03-31", "Amount": 1}
    await org.caller("POST", "sobjects/Opportunity", orjson.dumps(deal))()
    numbers = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)"
    of_account, of_deal = "printf('001Wt0%09dIAA', i + 1000)", "printf('006Wt0%09dIAA', i + 1000)"
    parent = f"printf('001Wt0%09dIAA', i % {ACCOUNTS} + 1000)"
    db = org.system.store.db
    db.execute(
        f'{numbers} INSERT INTO "Account" (key, doc) SELECT {of_account}, json_set(doc, \'$.Id\', {of_account}, '
        "'$.Name', 'Account ' || i, '$.Billing_Customer_Id__c', 'cb-' || i) "
        'FROM n, (SELECT doc FROM "Account" LIMIT 1)', (ACCOUNTS,),
    )  # fmt: skip
    db.execute(
        f'{numbers} INSERT INTO "Opportunity" (key, doc) SELECT {of_deal}, json_set(doc, \'$.Id\', {of_deal}, '
        f"'$.Name', 'Deal ' || i, '$.AccountId', {parent}, '$.External_Id__c', 'deal-' || i, '$.Amount', i % 997.0) "
        'FROM n, (SELECT doc FROM "Opportunity" LIMIT 1)', (DEALS,),
    )  # fmt: skip
    for table in ("Account", "Opportunity"):  # what the org looks up has columns of its own, beside the document
        names = [row[1] for row in db.execute(f'PRAGMA table_info("{table}")') if row[1] not in ("key", "doc")]
        db.execute(
            f'UPDATE "{table}" SET ' + ", ".join(f"\"{name}\" = json_extract(doc, '$.{name}')" for name in names)
        )


async def _query(org: _Org, name: str, soql: str, note: str) -> Figure:
    took_ms = []
    for number in range(0, 60_000, 1_000):
        text = soql.format(number=number, account=f"001Wt0{number + 1000:09d}IAA")
        call = org.caller("GET", f"query?q={quote(text)}")
        begun = time.thread_time()
        rows = orjson.loads(await call())["records"]
        took_ms.append((time.thread_time() - begun) * 1e3)
        if not rows:
            raise RuntimeError(f"big org: nothing found by {text}")
    return Figure(f"big org: SOQL {name}", sorted(took_ms)[len(took_ms) // 2], "ms", bar=QUERY_BAR_MS, note=note)
