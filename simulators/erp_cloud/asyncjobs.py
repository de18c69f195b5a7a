"""Asynchronous writes: `Prefer: respond-async` puts a record call in a job; its idempotency key works here only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from simulators.erp_cloud import batches
from simulators.erp_cloud.errors import Problem, Refused, error_answer, not_found
from simulators.erp_cloud.moments import stamp
from simulators.erp_cloud.render import COLLECTION, SERVICES, SINGULAR, link
from simulators.kit.calls import Answer, Call
from simulators.kit.fidelity import exact
from simulators.kit.jobs import Job
from simulators.kit.routes import Routes

if TYPE_CHECKING:
    from simulators.erp_cloud.app import ErpCloud

exact(
    "async jobs: a task for each write, idempotency key, result replayed",
    source="documented",
    held_by="test_async_jobs",
)

Doc = dict[str, Any]

JOBS = f"{SERVICES}/async/v1/job"
DELAY_S = 1.0
KEPT_HEADERS = ("content-type", "x-netsuite-propertynamevalidation", "x-netsuite-propertyvaluevalidation")
WRITES = ("record.create", "record.update", "record.upsert", "record.delete", "record.transform", "record.batch")


class AsyncJobs:
    """Accepts, runs and shows jobs: of one task, or of one for each record of a collection."""

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
        single = {"method": call.method, "path": call.raw_path, "body": call.body.decode("utf-8", "replace")}
        whole = batches.collection(call)
        kept = KEPT_HEADERS[1:] if whole else KEPT_HEADERS  # a record of a collection is JSON of its own
        try:
            calls = batches.writes(call) if whole else [single]
        except Refused as refused:
            return error_answer(refused.problem)
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
                "calls": calls, "query": call.query, "principal": call.principal, "baseUrl": call.base_url,
                "headers": {name: call.headers[name] for name in kept if name in call.headers},
                "results": None,
            })  # fmt: skip
            self._system.jobs.schedule(call.at + DELAY_S, "async", {"id": job_id}, key=f"async/{job_id}")
        headers = {"Location": f"{call.base_url}{JOBS}/{job_id}", "Preference-Applied": "respond-async"}
        return Answer(202, headers=headers)

    async def _run(self, job: Job) -> None:
        doc = self._system.store.get("_job", job.payload["id"])
        if doc is None or doc["results"] is not None:
            return
        results = [await self._task(doc, one, job.due) for one in doc["calls"]]
        done = any(result["status"] < 400 for result in results)
        self._system.store.put("_job", doc | {
            "progress": "succeeded" if done else "failed", "startTime": stamp(job.due), "endTime": stamp(job.due),
            "results": results,
        })  # fmt: skip

    async def _task(self, doc: Doc, one: Doc, due: float) -> Doc:
        call = Call(one["method"], one["path"], doc["query"], doc["headers"], one["body"].encode(), due,
                    principal=doc["principal"], scope={}, base_url=doc["baseUrl"])  # fmt: skip
        call.operation = self._system.operation(call)
        match = self._system.match(call)
        if match.route is None:
            answer = error_answer(not_found())
        else:
            answer = await match.route.endpoint(call, **match.arguments)
        return {"status": answer.status, "headers": answer.headers, "body": answer.body.decode(),
                "contentType": answer.content_type}  # fmt: skip

    # -- endpoints ----------------------------------------------------------------------------

    def _doc(self, job: str, task: str = "1") -> Doc:
        doc = self._system.store.get("_job", job)
        if doc is None or task not in {str(number) for number in range(1, len(doc["calls"]) + 1)}:
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
            "links": [link("self", here)], "id": job, "completed": doc["results"] is not None,
            "progress": doc["progress"], "task": {"links": [link("self", f"{here}/task")]},
        }, SINGULAR)  # fmt: skip

    async def tasks(self, call: Call, job: str) -> Answer:
        """The job's tasks."""
        try:
            count = len(self._doc(job)["calls"])
        except Refused as refused:
            return error_answer(refused.problem)
        here = f"{call.base_url}{JOBS}/{job}/task"
        return _json({
            "links": [link("self", here)], "count": count, "hasMore": False, "offset": 0, "totalResults": count,
            "items": [{"links": [link("self", f"{here}/{key}")], "id": str(key)} for key in range(1, count + 1)],
        }, COLLECTION)  # fmt: skip

    async def task(self, call: Call, job: str, task: str) -> Answer:
        """One task's progress and where its result is."""
        try:
            doc = self._doc(job, task)
        except Refused as refused:
            return error_answer(refused.problem)
        here = f"{call.base_url}{JOBS}/{job}/task/{task}"
        progress = doc["progress"]
        if doc["results"] is not None:
            progress = "succeeded" if doc["results"][int(task) - 1]["status"] < 400 else "failed"
        shown = {
            "links": [link("self", here), link("related", f"{here}/result")], "id": task,
            "completed": doc["results"] is not None, "progress": progress,
        }  # fmt: skip
        times = {name: doc[name] for name in ("startTime", "endTime") if doc[name]}
        return _json(shown | times, SINGULAR)

    async def result(self, call: Call, job: str, task: str) -> Answer:
        """The original call's answer, replayed; 404 until there is one."""
        del call
        try:
            results = self._doc(job, task)["results"]
        except Refused as refused:
            return error_answer(refused.problem)
        if results is None:
            return error_answer(not_found())
        result = results[int(task) - 1]
        return Answer(result["status"], result["body"].encode(), result["contentType"], result["headers"])


def _json(value: Doc, content_type: str) -> Answer:
    return Answer(200, orjson.dumps(value), content_type)
