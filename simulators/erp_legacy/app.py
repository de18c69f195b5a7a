"""The legacy ERP put together: its parts, its acts, its life; partners meet it through the drop alone."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from simulators.erp_legacy.arrivals import Arrivals
from simulators.erp_legacy.batch import Batch
from simulators.erp_legacy.books import books
from simulators.erp_legacy.clerk import Clerk
from simulators.erp_legacy.custom_tables import CustomTables
from simulators.erp_legacy.customer_office import CustomerOffice
from simulators.erp_legacy.drop import Drop
from simulators.erp_legacy.idocs import Idocs
from simulators.erp_legacy.master import Masters
from simulators.erp_legacy.posting import Posting
from simulators.erp_legacy.seed import Seed
from simulators.erp_legacy.state import KINDS, RUN, State
from simulators.erp_legacy.steps import Steps
from simulators.erp_legacy.storage import CHUNK_SCHEMA, Files
from simulators.kit.calls import Answer, Call, json_answer
from simulators.kit.kinds import Kind
from simulators.kit.system import Rows, System
from simulators.kit.wire import Refusal


class LegacyErp(System):
    """SAP-style batch: no HTTP API of its own, only the control page; `drop` is what partners use."""

    name: ClassVar[str] = "erp_legacy"
    kinds: ClassVar[tuple[Kind, ...]] = KINDS
    inner: ClassVar[frozenset[str]] = frozenset((RUN.name,))  # partners see files and documents of a night, not its run
    schema: ClassVar[str] = CHUNK_SCHEMA

    def build(self) -> None:
        """See `System`."""
        self.state = State(self.store)
        self.files = Files(self.store)
        self.drop = Drop(self, self.files)
        self.posting = Posting(self.state, self.journal)
        masters = Masters(self.state, self.journal)
        self.idocs = Idocs(self.state, self.journal, self.posting, masters)
        self.arrivals = Arrivals(self.state, self.files, self.journal)
        steps = Steps(self.state, self.files, self.arrivals, self.idocs, self.posting)
        self.batch = Batch(self.state, self.jobs, self.clock, self.journal, steps)
        clerk = Clerk(self.state, self.clock, self.idocs, self.posting)
        office = CustomerOffice(self.state, self.clock, self.files, masters)
        tables = CustomTables(self.state, self.clock)
        for verb, act in (clerk.acts() | office.acts() | tables.acts()).items():
            self.acts[verb] = _awaitable(act)
        self.acts["run_window"] = self._run_window
        self.acts["restart_window"] = self._restart_window
        self.acts["break_step"] = self._break_step
        self.acts["reset_sequence"] = self._reset_sequence

    async def _run_window(self, _arguments: dict[str, Any]) -> dict[str, Any]:
        return await self.batch.run_now(self.clock.now())

    async def _restart_window(self, _arguments: dict[str, Any]) -> dict[str, Any]:
        return await self.batch.restart(self.clock.now())

    async def _break_step(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """The batch server goes down once: {step, when: before|during|after}."""
        self.batch.break_at(arguments["step"], arguments.get("when", "during"))
        return {"step": arguments["step"], "when": arguments.get("when", "during")}

    async def _reset_sequence(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Set the last accepted file number by hand, or move it: {SNDPRN, IFACE, last or by, who?}."""
        partner, iface = arguments["SNDPRN"], arguments["IFACE"]
        before = self.arrivals.last_sequence(partner, iface)
        last = int(arguments["last"]) if "last" in arguments else max(0, before + int(arguments["by"]))
        with self.store.transaction():
            self.arrivals.set_sequence(partner, iface, last)
            self.state.audit(self.clock.now(), arguments.get("who", "CLERK"), "reset_sequence", SNDPRN=partner,
                             IFACE=iface, before=before, after=last)  # fmt: skip
        return {"SNDPRN": partner, "IFACE": iface, "before": before, "last": last}

    def seed(self, data: Mapping[str, Any]) -> dict[str, int]:
        """See `System`; the shape is in FIDELITY.md."""
        counts = Seed(self.state).load(data)
        self.batch.plan(self.clock.now())
        return counts

    def books(self) -> dict[str, Rows]:
        """See `System`."""
        return books(self.store)

    def forget(self) -> None:
        """See `System`."""
        self.batch.forget()

    def reset(self, genesis: float | None = None, seed: str | None = None) -> None:
        """See `System`; the calendar starts anew from the new genesis."""
        super().reset(genesis, seed)
        if self.store.get("setting", "site") is not None:
            self.batch.plan(self.clock.now())

    # -- no HTTP API ------------------------------------------------------------------------

    def authenticate(self, call: Call) -> Answer | None:
        """There is nothing to log in to."""
        call.principal = "nobody"
        return None

    def refuse(self, reason: Refusal, call: Call, *, status: int, retry_after_s: int | None) -> Answer:
        """See `wire.Vendor`."""
        del call, retry_after_s
        return json_answer(status, {"error": reason})

    def expire_credentials(self) -> None:
        """Passwords and keys do not expire; a fault refuses single calls instead."""

    async def handle(self, call: Call) -> Answer:
        """This system speaks SFTP."""
        del call
        return json_answer(404, {"error": "not_found", "detail": f"{self.name} has no HTTP API; use its SFTP port"})


def _awaitable(act: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[dict[str, Any]], Any]:
    async def run(arguments: dict[str, Any]) -> dict[str, Any]:
        return act(arguments)

    return run
