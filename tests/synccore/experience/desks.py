"""An experience API over a small core: two processes of its own, inline database, engine run by hand."""

import base64
import dataclasses
from typing import Any

import httpx

from synccore import bootstrap
from synccore.domain.books import Book
from synccore.domain.findings import Finding
from synccore.ports.engine import Run
from synccore.ports.outcomes import Parked
from synccore.reconciliation.matching import Books
from tests.broken.alter import Altered
from tests.synccore.worlds import DeadTransport, Even, HandClock, HandEngine, environment, memory

WEBHOOK = {"authorization": "Basic " + base64.b64encode(b"platform:webhook-password").decode()}


def token(role: str) -> dict[str, str]:
    return {"authorization": f"Bearer {role}-token"}


class Office:
    """A core whose process `post` needs the mapping of its item, and whose process `fail` always fails."""

    def __init__(self) -> None:
        self.renew()
        self.app = bootstrap.api(lambda: self.core if self.core.ready else None)

    def renew(self) -> None:
        """A core that knows nothing, behind the same API."""
        self.engine, self.clock = HandEngine(), HandClock()
        self.posted: list[str] = []
        ports = bootstrap.Ports(self.clock, Even(), DeadTransport(), None, memory(), self.engine)
        self.core = bootstrap.build(bootstrap.settings_of(environment()), ports, self._change)
        self.core.ready = True

    def _change(self, parts: bootstrap.Parts) -> bootstrap.Parts:
        more = {"post": self._post, "fail": self._fail}
        return dataclasses.replace(
            parts, processes=lambda context: {**bootstrap.parts().processes(context), **more}, tickers=lambda _: []
        )

    async def _post(self, run: Run, argument: Any) -> None:
        sku = await run.step("look", lambda: self._sku(argument))
        if await self.core.database.run(lambda unit: unit.mappings.get("items", sku)) is None:
            reason = f"{sku} has no mapping"
            raise Parked(reason, (Finding("unmapped_item", reason, "integration", ("fix_mapping",), (f"item:{sku}",)),))
        self.posted.append(sku)

    async def _sku(self, argument: Any) -> str:
        return str(argument["sku"])

    async def _fail(self, run: Run, argument: Any) -> None:
        raise RuntimeError("no luck")

    def reads(self, books: Books) -> None:
        """Let the systems answer a reconciliation with these books."""

        def answer(book: Book) -> dict[str, Any]:
            async def read(*_: Any) -> Book:
                return book

            return {"book": read}

        ctx = self.core.context
        ctx.salesforce = Altered(ctx.salesforce, answer(books.salesforce))
        ctx.platform = Altered(ctx.platform, answer(books.platform))
        ctx.cloud = Altered(ctx.cloud, answer(books.ledgers["erp_cloud"]))
        ctx.legacy = Altered(ctx.legacy, answer(books.ledgers["erp_legacy"]))

    async def add(self, process: str, subject: str, argument: Any = None) -> str:
        work = await self.core.database.run(lambda unit: unit.work.add(process, "acc1", subject, argument, 0.0, "test"))
        await self.core.kick()
        await self.engine.drain()
        return work

    def client(self, role: str = "operator") -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, raise_app_exceptions=False), base_url="http://core",
            headers=token(role),
        )  # fmt: skip
