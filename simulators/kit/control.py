"""The control page, the same for all systems: clock, jobs, faults, journal, books, snapshots, seed, limits, acts."""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import parse_qsl

import orjson
from fastapi import Body, FastAPI, Request, Response
from pydantic import BaseModel, ConfigDict

from simulators.kit import pact_states
from simulators.kit.clock import ClockError
from simulators.kit.faults import Fault
from simulators.kit.limits import Profile
from simulators.kit.problem import problem
from simulators.kit.standing import Standing
from simulators.kit.store import Duplicate

if TYPE_CHECKING:
    from simulators.kit.system import System
    from simulators.kit.wire import App, Receive, Scope, Send


class ClockMove(BaseModel):
    """Where to move business time: forward to `to`, or anew at `restart` (epoch seconds)."""

    model_config = ConfigDict(extra="forbid")
    to: float | None = None
    restart: float | None = None


class Reset(BaseModel):
    """A fresh start: another genesis or seed if given; `remember` keeps the present data as the state to return to."""

    model_config = ConfigDict(extra="forbid")
    genesis: float | None = None
    seed: str | None = None
    remember: bool = False


class LimitProfile(BaseModel):
    """Which limits hold from now on."""

    model_config = ConfigDict(extra="forbid")
    profile: Profile


class State(BaseModel):
    """What GET /_control/state returned: the data as an SQLite image in base64, and what is not in it.

    `by_vendor`: the system is restored as its vendor would, which never gives again what it says is given once.
    """

    model_config = ConfigDict(extra="forbid")
    standing: Standing
    image: str
    by_vendor: bool = False


def control_app(system: System) -> App:
    """The control page of one system, behind its token."""
    api = FastAPI(title=f"{system.name} control", docs_url="/_control/docs", openapi_url="/_control/openapi.json")
    _clock_routes(api, system)
    _state_routes(api, system)
    _fault_routes(api, system)
    _watch_routes(api, system)
    pact_states.register(api, system)
    token = system.settings.control_token.encode()

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        sent = dict(scope["headers"]).get(b"x-control-token", b"")
        if scope["path"] == pact_states.PATH and not sent:  # contract verifiers send no headers of one's own there
            sent = dict(parse_qsl(scope["query_string"])).get(b"control_token", b"")
        if scope["path"] != "/_control/health" and not hmac.compare_digest(sent, token):
            answer = problem(401, "Control token needed", "send the header X-Control-Token; `windtunnel env` prints it")
            await answer(scope, receive, send)
            return
        await api(scope, receive, send)

    return guarded


def _clock_routes(api: FastAPI, system: System) -> None:
    @api.get("/_control/clock")
    async def show_clock() -> dict[str, Any]:
        """Business time, wire time (epoch s) and when the next job falls due."""
        return {
            "now": system.clock.now(), "wire": system.clock.wire(), "next_due": system.jobs.next_due(),
            "idle": system.jobs.idle, "version": system.store.version, "shown": system.shown,
        }  # fmt: skip

    @api.post("/_control/clock")
    async def move_clock(move: ClockMove) -> Any:
        """Move business time; due jobs start at once, `drain` waits for them."""
        if (move.to is None) == (move.restart is None):
            return problem(422, "Unclear move", "give either `to` or `restart`")
        try:
            if move.to is not None:
                system.clock.jump(move.to)
            elif move.restart is not None:
                system.clock.restart(move.restart)
        except ClockError as error:
            return problem(409, "The clock only moves forward", str(error))
        return await show_clock()

    @api.get("/_control/jobs")
    async def show_jobs(limit: int = 100) -> list[dict[str, Any]]:
        """What falls due next; of a delivery not what would be sent: its headers say who may send it."""
        return [
            {
                "id": job.id, "due": job.due, "kind": job.kind, "key": job.key,
                "payload": {name: value for name, value in job.payload.items() if name not in ("headers", "body")},
            }
            for job in system.jobs.pending(limit)
        ]  # fmt: skip

    @api.post("/_control/drain")
    async def drain() -> dict[str, Any]:
        """Wait until nothing is due or running."""
        await system.jobs.drained()
        return await show_clock()


def _state_routes(api: FastAPI, system: System) -> None:
    @api.get("/_control/books")
    async def books() -> dict[str, Any]:
        """The system's own books, vendor-named."""
        return {"version": 1, "system": system.name, "at": system.clock.now(), **system.books()}

    @api.post("/_control/seed")
    async def seed(data: Annotated[dict[str, Any], Body()]) -> Any:
        """Load seed rows; nothing is kept of a bad seed."""
        try:
            with system.store.transaction():
                counts = system.seed(data)
                system.store.next("_seeded")
                return counts
        except (ValueError, Duplicate) as error:
            return problem(422, "Bad seed data", str(error))

    @api.post("/_control/reset")
    async def reset(options: Reset) -> dict[str, Any]:
        """Back to the remembered state (or remember the present one)."""
        await system.jobs.stop()
        if options.remember:
            system.remember()
        system.reset(options.genesis, options.seed)
        return {"now": system.clock.now()}

    @api.get("/_control/snapshot")
    async def snapshot() -> Response:
        """All data as one image."""
        return Response(system.store.snapshot(), media_type="application/vnd.sqlite3")

    @api.put("/_control/snapshot")
    async def restore(request: Request) -> Any:
        """Replace all data by an image."""
        image = await request.body()
        if not image.startswith(b"SQLite format 3\x00"):
            return problem(422, "Not a snapshot", "send what GET /_control/snapshot returned")
        system.restore(image)
        return {"bytes": len(image)}

    @api.get("/_control/state")
    async def state() -> Any:
        """The whole system at rest: all data, business time, chance, faults; 409 while something runs."""
        if not system.jobs.idle:
            return problem(409, "Not at rest", "something is due or running; POST /_control/drain waits for it")
        standing, image = system.standing().model_dump(mode="json"), b64encode(system.store.snapshot()).decode()
        return Response(orjson.dumps({"standing": standing, "image": image}), media_type="application/json")

    @api.put("/_control/state")
    async def become(taken: State) -> Any:
        """Become what the system was, its clock included: it may go back."""
        try:
            image = b64decode(taken.image, validate=True)
        except ValueError as error:
            return problem(422, "Not a state", f"its image is no base64 ({error})")
        if not image.startswith(b"SQLite format 3\x00"):
            return problem(422, "Not a state", "its image is no SQLite database")
        await system.jobs.stop()
        system.stand(taken.standing, image, taken.by_vendor)
        return {"now": system.clock.now()}


def _fault_routes(api: FastAPI, system: System) -> None:
    @api.get("/_control/faults")
    async def show_faults() -> list[Fault]:
        """All faults in place with how often each was seen and hit."""
        return list(system.faults)

    @api.post("/_control/faults", status_code=201)
    async def add_fault(fault: Fault) -> Fault:
        """Put a fault in place."""
        system.faults.add(fault)
        return fault

    @api.delete("/_control/faults/{fault_id}")
    async def remove_fault(fault_id: str) -> Any:
        """Repair one."""
        if not system.faults.remove(fault_id):
            return problem(404, "No such fault", f"{fault_id} is not in place")
        return {"removed": fault_id}

    @api.put("/_control/limits")
    async def set_limits(choice: LimitProfile) -> dict[str, str]:
        """Switch the limit profile."""
        system.meter.use(choice.profile)
        return {"profile": system.meter.profile}

    @api.post("/_control/act/{verb}")
    async def act(verb: str, arguments: Annotated[dict[str, Any], Body()]) -> Any:
        """What a person does inside the system and no public API offers (a clerk, a bank, a gateway)."""
        if verb not in system.acts:
            return problem(404, "No such act", f"{verb} is not one of {', '.join(sorted(system.acts)) or '(none)'}")
        try:
            return await system.acts[verb](arguments)
        except (KeyError, ValueError) as error:
            return problem(422, f"Cannot {verb}", str(error))


def _watch_routes(api: FastAPI, system: System) -> None:
    @api.get("/_control/health")
    async def health() -> dict[str, Any]:
        """Alive, whether seed data was loaded, and whether a job ever failed inside (a defect of the simulator)."""
        return {
            "system": system.name, "now": system.clock.now(), "seeded": system.seeded,
            "failures": system.jobs.failures,
        }  # fmt: skip

    @api.get("/_control/journal")
    async def journal(after: int = 0, limit: int = 1_000, wait_s: float = 0.0) -> dict[str, Any]:
        """Entries younger than `after`; `lost` says that older ones were already overwritten."""
        if wait_s:
            await system.journal.wait(after, min(wait_s, 60.0))
        entries, lost = system.journal.after(after, limit)
        return {"entries": entries, "lost": lost, "seq": system.journal.seq}
