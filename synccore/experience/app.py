"""The experience API as one application, built once a process over whichever core is current."""

from collections.abc import Callable

from fastapi import FastAPI

from synccore.experience import (
    customers,
    edits,
    events,
    exceptions,
    letters,
    mappings,
    operations,
    problem,
    reconciliations,
    reruns,
    service_levels,
    taxes,
    webhooks,
)
from synccore.experience.desk import Desk
from synccore.experience.strict import BodyLimit


def api(current: Callable[[], Desk | None]) -> FastAPI:
    """The application; `current` gives the core at each request, None while there is none."""
    app = FastAPI(
        title="Sync core", version="1", description="Timelines, exceptions, dead letters, mappings and operations.",
        docs_url=None, redoc_url=None,
    )  # fmt: skip
    app.state.current = current
    problem.install(app)
    app.add_middleware(BodyLimit)
    app.state.routes = []
    for part in (
        webhooks, customers, events, exceptions, letters, edits, mappings, operations, service_levels, reruns,
        reconciliations, taxes,
    ):  # fmt: skip
        app.include_router(part.router)
        app.state.routes += part.router.routes
    return app
