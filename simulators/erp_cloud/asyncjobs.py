"""Asynchronous writes: `Prefer: respond-async` puts a record call in a job; its idempotency key works here only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from simulators.erp_cloud.errors import Problem, Refused, error_answer, not_found
from simulators.erp_cloud.moments import stamp
from simulators.erp_cloud.render import COLLECTION, SERVICES, SINGULAR, link
from simulators.kit.calls import Answer, Call
from simulators.kit.fidelity import absent, exact
from simulators.kit.jobs import Job
from simulators.kit.routes import Routes

if TYPE_CHECKING:
    from simulators.erp_cloud.app import ErpCloud

exact("async jobs: one task each, idempotency key, result replayed", source="documented", held_by="test_async_jobs")
absent("batches of a collection as async jobs")

Doc = dict[str, Any]

JOBS = f"{SERVICES}/async/v1/job"
DELAY_S = 1.0
KEPT_HEADERS = ("content-type", "x-netsuite-propertynamevalidation", "x-netsuite-propertyvaluevalidation")
WRITES = ("record.create", "record.update", "record.upsert", "record.delete", "record.transform")


class AsyncJobs:
    """Accepts, runs and shows jobs of one task each (batches are absent: see FIDELITY.md)."""

    def __init__(self, system: ErpCloud) -> None:
        self._system = system
        system.jobs.handler("async", self._run)

    def register(self, routes: Routes) -> None:
        """Put the endpoints in the route table."""
        for path, operation, endpoint in (
            ("{job}", "job.get", self.show),
            ("{job}/task", "job.tasks", self.tasks),
            ("{job}/task/{task}", "job.task", self.task),
            ("{job}/task/{task}/result", "job.result", self.result),
        ):
            routes.add("GET", f"{JOBS}/{path}", operation, endpoint)

    def wanted(self, call: Call) -> bool:
        """Is this a write that asks for a job?"""
        return "respond-async" in call.headers.get("prefer", "") and call.operation.partition(":")[0] in WRITES

    def accept(self, call: Call) -> Answer:
        """202 with the job's place; a key seen before is refused and names the earlier job."""
        store = self._system.store
        key = call.headers.get("x-netsuite-idempotency-key") or None
        if key is not None:
            earlier = store.first("_job", idempotencyKey=key)
            if earlier is not None:
                place = (("Location", f"{call.base_url}{JOBS}/{earlier['id']}"),)
                return error_answer(Problem(
                    400, "IDEMPOTENCY_ERROR", "A request with this idempotency key was already accepted.",
                    header="X-NetSuite-Idempotency-Key", title="Conflict", headers=place,
                ))  # fmt: skip
        with store.transaction():
            job_id = str(store.next("_job"))
            store.put("_job", {
                "id": job_id, "idempotencyKey": key, "progress": "pending", "startTime": None, "endTime": None,
                "method": call.method, "path": call.raw_path, "query": call.query,
                "body": call.body.decode("utf-8", "replace"),
                "headers": {name: call.headers[name] for name in KEPT_HEADERS if name in call.headers},
                "principal": call.principal, "baseUrl": call.base_url, "result": None,
            })  # fmt: skip
            self._system.jobs.schedule(call.at + DELAY_S, "async", {"id": job_id}, key=f"async/{job_id}")
        headers = {"Location": f"{call.base_url}{JOBS}/{job_id}", "Preference-Applied": "respond-async"}
        return Answer(202, headers=headers)

    async def _run(self, job: Job) -> None:
        doc = self._system.store.get("_job", job.payload["id"])
        if doc is None or doc["result"] is not None:
            return
        call = Call(doc["method"], doc["path"], doc["query"], doc["headers"], doc["body"].encode(), job.due,
                    principal=doc["principal"], scope={}, base_url=doc["baseUrl"])  # fmt: skip
        call.operation = self._system.operation(call)
        match = self._system.match(call)
        assert match.route is not None
        answer = await match.route.endpoint(call, **match.arguments)
        result = {"status": answer.status, "headers": answer.headers, "body": answer.body.decode(),
                  "contentType": answer.content_type}  # fmt: skip
        done = {"progress": "succeeded" if answer.status < 400 else "failed", "startTime": stamp(job.due),
                "endTime": stamp(job.due), "result": result}  # fmt: skip
        self._system.store.put("_job", doc | done)

    # -- endpoints ----------------------------------------------------------------------------

    def _doc(self, job: str, task: str = "1") -> Doc:
        doc = self._system.store.get("_job", job)
        if doc is None or task != "1":
            raise Refused(not_found())
        return doc

    async def show(self, call: Call, job: str) -> Answer:
        """The job's progress."""
        try:
            doc = self._doc(job)
        except Refused as refused:
            return error_answer(refused.problem)
        here = f"{call.base_url}{JOBS}/{job}"
        return _json({
            "links": [link("self", here)], "id": job, "completed": doc["result"] is not None,
            "progress": doc["progress"], "task": {"links": [link("self", f"{here}/task")]},
        }, SINGULAR)  # fmt: skip

    async def tasks(self, call: Call, job: str) -> Answer:
        """The job's tasks: one."""
        try:
            self._doc(job)
        except Refused as refused:
            return error_answer(refused.problem)
        here = f"{call.base_url}{JOBS}/{job}/task"
        return _json({
            "links": [link("self", here)], "count": 1, "hasMore": False, "offset": 0, "totalResults": 1,
            "items": [{"links": [link("self", f"{here}/1")], "id": "1"}],
        }, COLLECTION)  # fmt: skip

    async def task(self, call: Call, job: str, task: str) -> Answer:
        """One task's progress and where its result is."""
        try:
            doc = self._doc(job, task)
        except Refused as refused:
            return error_answer(refused.problem)
        here = f"{call.base_url}{JOBS}/{job}/task/1"
        shown = {
            "links": [link("self", here), link("related", f"{here}/result")], "id": "1",
            "completed": doc["result"] is not None, "progress": doc["progress"],
        }  # fmt: skip
        times = {name: doc[name] for name in ("startTime", "endTime") if doc[name]}
        return _json(shown | times, SINGULAR)

    async def result(self, call: Call, job: str, task: str) -> Answer:
        """The original call's answer, replayed; 404 until there is one."""
        del call
        try:
            result = self._doc(job, task)["result"]
        except Refused as refused:
            return error_answer(refused.problem)
        if result is None:
            return error_answer(not_found())
        return Answer(result["status"], result["body"].encode(), result["contentType"], result["headers"])


def _json(value: Doc, content_type: str) -> Answer:
    return Answer(200, orjson.dumps(value), content_type)
