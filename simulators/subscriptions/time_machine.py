"""Time Machine: `delorean` travels forward job by job, or starts the site afresh; both are asynchronous."""

from typing import TYPE_CHECKING, Any

from simulators.kit.fidelity import approximate
from simulators.kit.jobs import Job
from simulators.kit.store import Doc
from simulators.subscriptions.errors import Refused, not_found, wrong
from simulators.subscriptions.params import Params
from simulators.subscriptions.work import Work

if TYPE_CHECKING:
    from simulators.subscriptions.app import Subscriptions

approximate(
    "Time Machine",
    "jumps this process's own clock job by job; start_afresh also rewinds it. With the site setting `clock: sandbox` "
    "(as `windtunnel up` has it) the sandbox moves all its systems to the destination, and nothing is rewound",
    source="ours",
)

NAME = "delorean"
WIPED = ("customer", "payment_source", "subscription", "contract_term", "invoice", "credit_note", "transaction",
         "event", "gateway_order", "usage", "usage_event", "usage_file", "promotional_credit", "payment_intent",
         "payment_schedule", "unbilled_charge", "ramp", "advance_invoice_schedule", "comment", "export",
         "business_entity_transfer", "virtual_bank_account", "entitlement_override", "entitlement_switch",
         "quote")  # fmt: skip
STEP_S = 0.05  # how long to let a delivery in flight finish before travelling on

Result = dict[str, Any]


def install(system: "Subscriptions", base: str) -> None:
    """Register the operations and the travelling job."""
    system.routes.add("GET", f"{base}/time_machines/{{key}}", "time_machine.retrieve", system.endpoint(retrieve))
    for name, action in (("travel_forward", travel_forward), ("start_afresh", start_afresh)):
        path = f"{base}/time_machines/{{key}}/{name}"
        system.routes.add("POST", path, f"time_machine.{name}", system.endpoint(action))

    async def travel(job: Job) -> None:
        """One leap: to the next due job or the destination. The job loop runs what fell due before the next leap."""
        due = [other for other in system.jobs.pending(2) if not other.kind.startswith("travel")]
        destination = job.payload["destination"]
        leap = min(due[0].due, destination) if due else destination
        now = system.clock.now()
        if leap > now:
            system.clock.jump(leap)
        elif due and due[0].due <= now:
            leap = now + STEP_S  # something due is still in flight
        if (not due or due[0].due > destination) and leap >= destination:
            _done(system)
            return
        hop = job.payload["hop"] + 1
        system.jobs.schedule(leap, "travel", {**job.payload, "hop": hop}, key=f"travel/{hop % 2}")

    async def afresh(job: Job) -> None:
        with system.store.transaction():
            for kind in WIPED:
                for doc in system.store.find(kind):
                    system.store.delete(kind, doc["id"])
            system.store.db.execute("DELETE FROM job WHERE kind != 'afresh'")
            for series in ("invoice/", "credit_note/"):  # a site begun afresh numbers from the start again
                system.store.begin_anew(series)
        system.clock.restart(job.payload["genesis"])
        _done(system)

    system.jobs.handler("travel", travel)
    system.jobs.handler("afresh", afresh)


def _done(system: "Subscriptions") -> None:
    with system.store.transaction():
        work = system.work(system.clock.now(), "system")
        machine = _machine(work)
        work.keep("time_machine", {**machine, "time_travel_status": "succeeded"})
        work.flush()


def _machine(work: Work) -> Doc:
    return work.get("time_machine", NAME) or {
        "id": NAME, "name": NAME, "time_travel_status": "not_enabled", "genesis_time": work.at,
        "destination_time": work.at, "object": "time_machine",
    }  # fmt: skip


def _known(key: str) -> None:
    if key != NAME:
        raise not_found(None, key)


def retrieve(work: Work, _params: Params, key: str) -> Result:
    """GET /time_machines/delorean."""
    _known(key)
    return {"time_machine": _machine(work)}


def _free(work: Work) -> Doc:
    machine = _machine(work)
    if machine["time_travel_status"] == "in_progress":
        raise Refused("invalid_request", "a time travel is in progress")
    return machine


def travel_forward(work: Work, params: Params, key: str) -> Result:
    """POST /time_machines/delorean/travel_forward: all jobs up to the destination run, each at its own due time."""
    _known(key)
    machine = _free(work)
    destination = params.number("destination_time")
    if destination <= work.at:
        raise wrong("destination_time", f"time travel goes forward only; it is {work.at} now")
    machine |= {"time_travel_status": "in_progress", "destination_time": destination}
    begin = destination if work.site["clock"] == "sandbox" else work.at  # there somebody else brings the site
    work.jobs.schedule(begin, "travel", {"destination": destination, "hop": 0}, key="travel/0")
    return {"time_machine": work.keep("time_machine", machine)}


def start_afresh(work: Work, params: Params, key: str) -> Result:
    """POST /time_machines/delorean/start_afresh: the catalog stays, what customers did is gone."""
    _known(key)
    machine = _free(work)
    genesis = params.integer("genesis_time")
    if genesis is None or work.site["clock"] == "sandbox":
        genesis = work.at
    machine |= {"time_travel_status": "in_progress", "genesis_time": genesis, "destination_time": genesis}
    work.jobs.schedule(work.at, "afresh", {"genesis": genesis})
    return {"time_machine": work.keep("time_machine", machine)}
