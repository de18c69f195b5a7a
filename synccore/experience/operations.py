"""For operators: what is open, health, metrics, unresolved writes, and the replay of stored signals."""

from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from synccore.experience.access import REFUSALS, At, Operator, Viewer
from synccore.experience.events import SEQUENCE_MAX
from synccore.experience.links import leads_to
from synccore.experience.models import (
    EffectView,
    Health,
    RehearsedView,
    ReplayReport,
    TickerReport,
    TrailEntryView,
    WorkReport,
    WorkView,
)
from synccore.experience.problem import Problem, declared
from synccore.experience.strict import StrictRoute
from synccore.ports.stores import Signal, Unit

router = APIRouter(tags=["operations"], route_class=StrictRoute)

_LAST = 253402300799.0  # the end of the year 9999


class ReplayOrder(BaseModel):
    """Which stored signals to translate again: by source, kind, key, time of arrival and customer; empty: any.

    `key`: how it begins. `customer`: the account's id in Salesforce; only its work is done again. `dry`: only say what
    would be done; at most 1,000 pieces of work are looked at then.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    source: str = Field(default="", max_length=40, pattern=r"^[a-z_]*$")
    kind: str = Field(default="", max_length=100)
    key: str = Field(default="", max_length=200)
    customer: str = Field(default="", max_length=80)
    since: float = Field(default=0.0, ge=0.0, le=_LAST)
    until: float = Field(default=_LAST, ge=0.0, le=_LAST)
    limit: int = Field(default=1000, ge=1, le=100000)
    dry: bool = False


SetBackSystem = Annotated[Literal["salesforce", "erp_cloud"], Path(description="which one its vendor has set back")]


class SetBack(BaseModel):
    """`since`: the moment of the copy, epoch seconds; `reason`: for the audit; `limit`: of signals taken again."""

    model_config = ConfigDict(extra="forbid", strict=True)

    since: float = Field(ge=0.0, le=_LAST)
    reason: str = Field(min_length=3, max_length=400)
    limit: int = Field(default=100000, ge=1, le=100000)


class SetBackReport(BaseModel):
    """How many writes are doubted, and how many signals were taken again; `work`: those that mean any."""

    doubted: int
    signals: int
    work: int


_ONE = {"work_id": "$response.body#/open/0/id"}


@router.get("/work", operation_id="getWork", responses=REFUSALS | leads_to(getWorkSteps=_ONE, rerunWork=_ONE))
async def work(core: At, _: Viewer) -> WorkReport:
    """What is open, and whether the core is at rest."""
    changes = core.changes
    found = await core.database.run(lambda unit: unit.work.open())
    now, ends = core.clock.now(), core.taken_over_at()
    items = [replace(item, due_at=ends.get(item.run_id, item.due_at)) for item in found]
    busy = any(
        (item.state == "submitted" and item.run_id not in ends) or (item.state == "due" and item.due_at <= now)
        for item in items
    )
    tickers = core.tickers()
    expected = [item.due_at for item in items if item.state in ("due", "submitted") and item.due_at > now]
    away: dict[str, float] = {}
    for view in tickers.values():
        if view.next_due is not None and view.away:
            away[view.away] = min(view.next_due, away.get(view.away, view.next_due))
        elif view.next_due is not None and view.next_due > now:
            expected.append(view.next_due)
    return WorkReport(
        open=[WorkView.of(item) for item in items],
        idle=not busy and core.quiet() and core.changes == changes,
        next_due=min(expected, default=None),
        rounds={name: view.rounds for name, view in tickers.items()},
        looking=[name for name, view in tickers.items() if view.looking],
        version=changes,
        now=now,
        away=dict(sorted(away.items())),
    )


@router.get("/cursors", operation_id="listCursors", responses=REFUSALS)
async def cursors(core: At, _: Viewer) -> dict[str, str]:
    """How far each source has been read: a stamp, a place in a stream, or the latest files, by the cursor's name."""
    return dict(await core.positions())


@router.get("/effects", operation_id="listUnresolvedEffects", responses=REFUSALS)
async def effects(core: At, _: Viewer, unresolved: Annotated[bool, Query()] = True) -> list[EffectView]:
    """Writes whose outcome is not known for certain, oldest first (only these are listed)."""
    if not unresolved:
        raise Problem(422, "query/unresolved: only unresolved effects are listed")
    return [EffectView.of(found) for found in await core.database.run(lambda unit: unit.effects.unresolved())]


@router.get("/trail", operation_id="listTrail", responses=REFUSALS)
async def trail(
    core: At, _: Viewer, after: Annotated[int, Query(ge=0, le=SEQUENCE_MAX)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 1000,
) -> list[TrailEntryView]:  # fmt: skip
    """Writes that were done, each with its cause, behind the sequence `after`, oldest first: for each target a chain.

    What was noted, because another write had brought it about or it was found done, is in it too.
    """
    return [TrailEntryView.of(one) for one in await core.database.run(lambda unit: unit.effects.trail(after, limit))]


@router.post("/replay", operation_id="replaySignals", responses=REFUSALS, response_model_exclude_none=True)
async def replay(core: At, caller: Operator, body: ReplayOrder) -> ReplayReport:
    """Translate stored signals into work again; what they led to is there already, so nothing new is expected.

    A dry run says what each piece of work would write, with each field as it is now and as it would be, as far as that
    does not hang on what the systems would answer.
    """

    def select(unit: Unit) -> list[Signal]:
        now = core.clock.now()
        unit.audit.add(
            caller.name, "dry-run" if body.dry else "replay", body.key or body.source, body.model_dump(), now
        )
        return unit.inbox.select(body.source, body.kind, body.key, body.since, body.until, body.limit)

    signals = await core.database.run(select)
    if body.dry:
        told = await core.rehearse(signals, body.customer)
        return ReplayReport(signals=len(signals), work=len(told), rehearsed=[RehearsedView.of(one) for one in told])
    meant = await core.replay(signals, body.customer)
    core.touch()
    await core.kick()
    return ReplayReport(signals=len(signals), work=meant)


@router.post("/systems/{system}/set-back", operation_id="tellSetBack", responses=REFUSALS)
async def tell_set_back(core: At, caller: Operator, system: SetBackSystem, body: SetBack) -> SetBackReport:
    """The vendor has restored a system from a copy. What the core has written there since is looked for, and written
    again where it is gone, as all signals since then are taken again. What was born there and is gone, nobody can write
    again: a reconciliation names it.
    """

    def told(unit: Unit) -> list[Signal]:
        unit.audit.add(caller.name, "set-back", system, body.model_dump(), core.clock.now())
        return unit.inbox.select("", "", "", 0.0, _LAST, body.limit)

    signals = await core.database.run(told)
    doubted = await core.doubt(system, body.since)
    meant = await core.replay(signals, "")
    core.touch()
    await core.kick()
    return SetBackReport(doubted=doubted, signals=len(signals), work=meant)


@router.get("/health", operation_id="getHealth", responses=declared(503))
async def health(core: At) -> Health:
    """Live and ready: the database answers, no ticker fails, and no other process works under this one's name."""
    await core.database.run(lambda unit: unit.cursors.get("health"))
    tickers = {name: TickerReport.model_validate(view, from_attributes=True) for name, view in core.tickers().items()}
    return Health(
        live=True, ready=core.alone and not any(view.error for view in tickers.values()), version=core.version,
        tickers=tickers, runs_of_other_versions=await core.foreign_runs(), alone=core.alone,
    )  # fmt: skip


@router.get(
    "/metrics", operation_id="getMetrics", response_class=Response,
    responses=REFUSALS | {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)  # fmt: skip
async def metrics(core: At, _: Viewer) -> Response:
    """Counters and gauges as Prometheus text."""

    def read(unit: Unit) -> dict[str, tuple[str, float]]:
        states = [item.state for item in unit.work.open()]
        gauges: dict[str, tuple[str, float]] = {
            "synccore_open_exceptions": ("Business exceptions that wait for a person",
                                         len(unit.exceptions.list("open"))),
            "synccore_dead_letters": ("Dead letters not yet dealt with", len(unit.letters.list("dead"))),
            "synccore_unresolved_effects": ("Writes of unknown outcome", len(unit.effects.unresolved())),
            "synccore_work_due": ("Work that is or falls due", states.count("due")),
            "synccore_work_submitted": ("Work with the engine", states.count("submitted")),
            "synccore_work_parked": ("Work that waits", states.count("parked")),
        }  # fmt: skip
        for objective, level in core.service_levels(unit):
            name = f"synccore_{objective.name.replace('-', '_')}"
            gauges[f"{name}_late"] = (f"Late in 28 days: {objective.says}", len(level.late))
            gauges[f"{name}_alert"] = (f"1 while more than {100 - objective.target_percent} % are late", level.burns)
        return gauges

    return Response(core.metrics(await core.database.run(read)), media_type="text/plain; version=0.0.4; charset=utf-8")
