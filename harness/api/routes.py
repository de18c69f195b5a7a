"""The sandbox over HTTP: its state, books, customers, exceptions, clock, and one endpoint for all that people do."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from pydantic import BaseModel, ConfigDict, Field

from harness.api import clock, exceptions, ledgers, timeline, usage
from harness.api.actions import Action, Actions, performed, understood, verbs
from harness.api.deals import check_fresh, customers, deals, tag
from harness.api.problem import Problem
from harness.api.sandbox import Sandbox
from harness.api.surroundings import Done, In
from harness.books import read_books
from harness.scenario.part import Part
from harness.scenario.values import iso

router = APIRouter(tags=["sandbox"])

ActionId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{8,64}$", description="made by the client, once per click")]
Patience = Annotated[float, Query(ge=0, le=20, description="seconds to wait for its end")]
Seen = Annotated[str, Header(alias="If-Match", description="the etag of what the page showed")]


class Order(BaseModel):
    """One thing to do: a verb of stories with its arguments."""

    model_config = ConfigDict(extra="forbid")
    id: ActionId
    verb: str
    facts: dict[str, Any] = Field(default_factory=dict)


class UsageFile(BaseModel):
    """What customers used, as the product exports it (CSV)."""

    model_config = ConfigDict(extra="forbid")
    id: ActionId
    name: str = Field(default="file", max_length=120)
    text: str = Field(max_length=5_000_000)


class Decision(BaseModel):
    """What a person decides about an exception."""

    model_config = ConfigDict(extra="forbid")
    id: ActionId
    reason: str = Field(default="", max_length=500)


@router.get("/sandbox")
async def show_sandbox(sandbox: In, actions: Done) -> dict[str, Any]:
    """Whether core and systems are up, business time, what is under way, and what the company sells."""
    await sandbox.world.read_time()
    now = sandbox.world.now()
    return {
        "mode": sandbox.world.mode, "world": sandbox.company.name, "now": iso(now), "core": sandbox.core,
        "core_etag": tag(sandbox.core), "busy": actions.running.to_json(now) if actions.running else None,
        "entities": sandbox.company.entities, "products": _products(sandbox),
        "disturbances": [one.model_dump(mode="json", exclude_unset=True) for one in sandbox.storm.placed],
        "systems": sandbox.systems,
    }  # fmt: skip


def _products(sandbox: Sandbox) -> list[dict[str, Any]]:
    """What sales can offer, with list prices by currency."""
    seed = sandbox.company.seeds["salesforce"]
    prices: dict[str, dict[str, Any]] = {}
    for row in seed.get("PricebookEntry", ()):
        prices.setdefault(row["Product2Id"], {})[row["CurrencyIsoCode"]] = row["UnitPrice"]
    items = sandbox.company.mappings.get("items", {})
    return [
        {
            "meter": items.get(row["ProductCode"], {}).get("meter", ""),
            "sku": row["ProductCode"],
            "name": row["Name"],
            "prices": prices.get(row.get("@") and f"@{row['@']}", {}),
        }
        for row in seed.get("Product2", ())
    ]


@router.get("/deals")
async def show_deals(sandbox: In) -> dict[str, Any]:
    """Customers, and deals with how far each has come."""
    books, canon = await sandbox.books()
    sales = books["salesforce"]
    waits = await exceptions.waiting(sandbox)
    found = [{**one, "waits": waits.get(one["opportunity_id"], "")} for one in deals(sales, canon, sandbox.stage)]
    return {"customers": customers(sales, sandbox.stage), "deals": found}


@router.get("/books")
async def show_books(sandbox: In, account: str = "") -> dict[str, Any]:
    """All systems' books side by side, and the tie-out with its reconciling items."""
    return await ledgers.show(sandbox, account)


@router.get("/customers/{account_id}/timeline")
async def show_timeline(sandbox: In, actions: Done, account_id: str) -> dict[str, Any]:
    """What happened to one customer, in all systems."""
    return await timeline.show(sandbox, account_id, actions)


@router.get("/clock")
async def show_clock(sandbox: In) -> dict[str, Any]:
    """Business time and what falls due next."""
    return await clock.show(sandbox)


@router.get("/verbs")
async def show_verbs() -> dict[str, Any]:
    """Everything that can be done by hand, with the schema of its arguments."""
    return {
        name: {"about": (model.__doc__ or "").strip(), "schema": model.model_json_schema()}
        for name, model in verbs().items()
    }


# -- acting ---------------------------------------------------------------------------------------


@router.post("/actions")
async def act(sandbox: In, actions: Done, order: Order, seen: Seen = "", wait_s: Patience = 0.0) -> dict[str, Any]:
    """Do something, once per id; 412 when what the page showed (If-Match) has changed since."""
    facts = understood(order.verb, order.facts)
    async with actions.door:
        action = actions.known(order.id, order.verb, order.facts)
        if action is None:
            action = await _begin(sandbox, actions, order, facts, seen)
    await action.wait(wait_s)
    if action.verb == "customer" and not action.about:
        action.about = _about(sandbox, facts)
    return action.to_json(sandbox.world.now())


@router.post("/usage")
async def send_usage(sandbox: In, actions: Done, file: UsageFile, wait_s: Patience = 0.0) -> dict[str, Any]:
    """Send the rows of a usage file that were recorded by now; 422 with line and column when one of them is wrong."""
    path = usage.taken(file.text, file.name)
    return await act(sandbox, actions, Order(id=file.id, verb="consume_export", facts={"file": str(path)}), "", wait_s)


async def _begin(sandbox: Sandbox, actions: Actions, order: Order, facts: Part, seen: str) -> Action:
    await sandbox.world.read_time()
    book = await sandbox.world.control("salesforce", "GET", "/_control/books")
    sandbox.meet(book)
    await _check(sandbox, order.verb, facts, seen, book)
    action = Action(order.id, order.verb, order.facts, sandbox.world.now())
    action.to, action.about = _target(action, facts), _about(sandbox, facts)
    return actions.begin(action, performed(sandbox.stage, order.verb, facts))


async def _check(sandbox: Sandbox, verb: str, facts: Part, seen: str, book: Any) -> None:
    """Refuse what is based on an old look, or would make a second thing of one name."""
    name = getattr(facts, "id", "")
    if verb in ("customer", "deal"):
        known: Any = sandbox.stage.buyers if verb == "customer" else sandbox.stage.offers
        if name in known:
            raise Problem(409, f"there is a {verb} '{name}' already. Nothing was done; choose another name.")
    if not seen:
        return
    if verb == "advance":
        check_fresh(seen, tag(round(sandbox.world.offset_s, 3)), "the clock")
    elif verb in ("kill_core", "start_core"):
        check_fresh(seen, tag(sandbox.core), "the sync core's state")
    elif hasattr(facts, "deal") or getattr(facts, "of", None):
        books = {one: await sandbox.world.control(one, "GET", "/_control/books") for one in sandbox.systems}
        now = {one["id"]: one["etag"] for one in deals(book, read_books(books, sandbox.correlation), sandbox.stage)}
        named: Any = getattr(facts, "deal", "") or getattr(
            facts, "of", ""
        )  # `of`: whose contract is renewed or amended
        wanted = [named] if isinstance(named, str) else list(named)
        check_fresh(seen, ",".join(now.get(one, "") for one in wanted), f"deal {', '.join(wanted)}")
    elif verb != "deal" and hasattr(facts, "customer"):
        now = {one["id"]: one["etag"] for one in customers(book, sandbox.stage)}
        check_fresh(seen, now.get(facts.customer, ""), f"customer {facts.customer}")


def _target(action: Action, facts: Any) -> float | None:
    if action.verb != "advance":
        return None
    return float(facts.until if facts.until is not None else action.began + facts.by)


def _about(sandbox: Sandbox, facts: Any) -> tuple[str, ...]:
    """Accounts that an action is about, as far as they exist."""
    stage = sandbox.stage
    named = getattr(facts, "deal", ())
    deals_ = [named] if isinstance(named, str) else list(named)
    found = [stage.offers[one].buyer.account_id for one in deals_ if one in stage.offers]
    customer = getattr(facts, "customer", "") or getattr(facts, "id", "")
    if customer in stage.buyers:
        found.append(stage.buyers[customer].account_id)
    return tuple(dict.fromkeys(found))


@router.get("/actions")
async def show_actions(sandbox: In, actions: Done, limit: Annotated[int, Query(ge=1, le=200)] = 20) -> list[Any]:
    """What was done last, the youngest first."""
    now = sandbox.world.now()
    return [action.to_json(now) for action in list(actions)[::-1][:limit]]


@router.get("/actions/{action_id}")
async def show_action(sandbox: In, actions: Done, action_id: str, wait_s: Patience = 0.0) -> dict[str, Any]:
    """One of them, with its progress."""
    action = actions.get(action_id)
    await action.wait(wait_s)
    return action.to_json(sandbox.world.now())


# -- exceptions -----------------------------------------------------------------------------------


@router.get("/exceptions")
async def show_exceptions(sandbox: In) -> list[Any]:
    """What waits for a person, and what was resolved."""
    return await exceptions.show(sandbox)


@router.get("/catalogue")
async def show_catalogue(sandbox: In) -> dict[str, Any]:
    """What a product can be mapped to."""
    return await exceptions.catalogue(sandbox)


@router.post("/exceptions/{exception_id}/retry")
async def retry(
    sandbox: In, actions: Done, exception_id: str, decision: Decision, seen: Seen = "", wait_s: Patience = 0.0
) -> dict[str, Any]:
    """Try the parked work again."""
    return await _decide(sandbox, actions, exception_id, "retry", decision, seen, wait_s)


@router.post("/exceptions/{exception_id}/abandon")
async def abandon(
    sandbox: In, actions: Done, exception_id: str, decision: Decision, seen: Seen = "", wait_s: Patience = 0.0
) -> dict[str, Any]:
    """Give the parked work up; a reason is needed."""
    return await _decide(sandbox, actions, exception_id, "abandon", decision, seen, wait_s)


async def _decide(
    sandbox: Sandbox, actions: Actions, exception_id: str, verb: str, decision: Decision, seen: str, wait_s: float
) -> dict[str, Any]:
    facts = {"exception": exception_id, "reason": decision.reason}
    async with actions.door:
        action = actions.known(decision.id, verb, facts)
        if action is None:
            listed = {one["id"]: one for one in await exceptions.show(sandbox)}
            found = exceptions.decidable(listed, exception_id, verb, decision.reason)
            check_fresh(seen, found["etag"], f"exception {exception_id}")
            about = (found["customer"]["account_id"],) if found["customer"] else ()
            action = Action(decision.id, verb, facts, sandbox.world.now(), about=about)
            actions.begin(action, exceptions.decided(sandbox, exception_id, verb, decision.reason.strip()))
    await action.wait(wait_s)
    return action.to_json(sandbox.world.now())
