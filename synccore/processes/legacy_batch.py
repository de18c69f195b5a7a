"""Process legacy-batch: what is spooled goes out in numbered files before the cut-off, customers before bills."""

from collections.abc import Mapping
from functools import partial
from typing import Any, cast

from synccore.domain import calendar
from synccore.domain.legacy import Interface, LegacyCustomer, LegacyDocument, LegacyFile
from synccore.ports.engine import Run
from synccore.ports.holding import LEASE_S, SENDING, Sending
from synccore.ports.stores import Unit
from synccore.processes.context import Context
from synccore.processes.legacy_adoption import adopt
from synccore.processes.legacy_posting import paid_in_transit
from synccore.processes.legacy_spool import file_sequence, resend_key

INTERFACES: tuple[Interface, ...] = ("CUST", "BILL", "PAY")


class LegacyBatch:
    """Numbers are given in a transaction, with the documents; writing the file is repeatable after that."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def __call__(self, run: Run, argument: Any) -> None:  # noqa: ARG002
        """Hand over what an earlier run had numbered, number what waits now, hand that over too."""
        for row in await run.step("plan", self._plan):
            await run.step(f"deliver-{row['name']}", partial(self._deliver, row))

    async def _plan(self) -> list[dict[str, Any]]:
        """Files to hand over, customers first: a step, so that a recovered run goes on with the same list."""
        await adopt(self._ctx)  # the next number may be used already
        at = self._ctx.clock.now()

        def plan(unit: Unit) -> list[dict[str, Any]]:
            self._number_all(unit, at)
            zone = str(self._ctx.policy(unit, "legacy_batch")["zone"])
            return [{**row, "zone": zone} for row in unit.spool.files("planned")]

        order = {interface: index for index, interface in enumerate(INTERFACES)}
        planned = await self._ctx.db.run(plan)
        return sorted(planned, key=lambda row: (order[row["interface"]], row["sequence"]))

    def _number_all(self, unit: Unit, at: float) -> None:
        for interface in INTERFACES:
            self._number(unit, interface, at)

    def _number(self, unit: Unit, interface: Interface, at: float) -> None:
        waiting = [
            key for key, content in unit.spool.waiting(interface)
            if not (content.get("after_payments_of") and paid_in_transit(unit, content["after_payments_of"]))
        ]  # fmt: skip
        if not waiting:
            return
        zone = str(self._ctx.policy(unit, "legacy_batch")["zone"])
        again = unit.cursors.get(resend_key(interface)) or ""
        if again:
            number, tries = (int(part) for part in again.split("/"))
            unit.cursors.set(resend_key(interface), "")
        else:
            number, tries = unit.links.next_number(file_sequence(interface), 1), 0
        created, _ = calendar.stamp(at, zone)
        suffix = f"R{tries}" if tries else ""
        name = f"{interface}_{self._ctx.partner}_{created}_{number:06d}{suffix}"
        unit.spool.assign(interface, waiting, name, number, at)

    async def _deliver(self, row: Mapping[str, Any]) -> None:
        ctx, name = self._ctx, str(row["name"])
        assert ctx.legacy is not None
        until = ctx.clock.wire() + LEASE_S
        if not await ctx.db.run(lambda unit: any(file["name"] == name for file in unit.spool.files("planned"))):
            return  # the list is of a while ago: another worker has handed it over
        SENDING.set(Sending("", until))
        try:
            await ctx.legacy.deliver(file_of(row, str(row["zone"])))
        except Exception:
            SENDING.set(None)
            raise
        SENDING.set(None)
        at = ctx.clock.now()
        await ctx.db.run(lambda unit: unit.spool.mark_file(name, "sent", at))


def file_of(row: Mapping[str, Any], zone: str) -> LegacyFile:
    """The file of a spool row: the same bytes whenever it is made again."""
    created, created_time = calendar.stamp(float(row["at"]), zone)
    contents = [content for _, content in row["documents"]]
    interface = cast(Interface, row["interface"])
    customers = tuple(LegacyCustomer.model_validate(content) for content in contents if interface == "CUST")
    documents = tuple(LegacyDocument.model_validate(content) for content in contents if interface != "CUST")
    return LegacyFile(
        name=str(row["name"]), interface=interface, sequence=int(row["sequence"]), created=created,
        created_time=created_time, customers=customers, documents=documents,
        keys=tuple(str(key) for key, _ in row["documents"]),
    )  # fmt: skip
