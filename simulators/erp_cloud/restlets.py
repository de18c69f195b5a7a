"""User-written RESTlets: a Python function of the user behind the vendor's RESTlet URL.

A script is declared in the seed (`restlets`) or by the act `deploy_restlet`: {"script": "customscript_orders",
"deploy"?: "1", "function": "package.module:name"}. The function takes a `Restlet` and returns what JSON can hold, a
text, or None. It must be plain (not async) and repeatable: what it needs of time is `Restlet.at`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl

import orjson

from simulators.erp_cloud.body import Reader, load_object
from simulators.erp_cloud.errors import Refused
from simulators.erp_cloud.render import View
from simulators.erp_cloud.routes import record_type
from simulators.erp_cloud.schemas import RecordType
from simulators.kit.calls import Answer, Call, json_answer
from simulators.kit.fidelity import absent, approximate, exact

if TYPE_CHECKING:
    from simulators.erp_cloud.app import ErpCloud

exact(
    "RESTlets: `/app/site/hosting/restlet.nl?script=…&deploy=…`, GET, POST, PUT, DELETE, both logins, errors as "
    '{"error": {"code", "message"}}, one concurrency limit with the record service',
    source="documented",
    held_by="test_restlets",
)
approximate(
    "RESTlet scripts",
    "are Python functions, not SuiteScript; 5,000 units, counted for records and queries alone; each record call "
    "commits by itself, as the vendor's does; error texts are ours",
    source="documented, ours",
)
absent("SuiteScript modules beyond records and queries, user events, scheduled scripts")

Doc = dict[str, Any]
Function = Callable[["Restlet"], Any]
Result = TypeVar("Result")

PATH = "/app/site/hosting/restlet.nl"
METHODS = ("GET", "POST", "PUT", "DELETE")
UNITS = 5_000
_READ_UNITS, _WRITE_UNITS, _QUERY_UNITS = 5, 10, 10  # of a transaction twice as many for records


class RestletError(Exception):
    """What a function raises to answer 400 with a code of its own."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass
class Restlet:
    """One call as the user's function sees it, and the account that it may work in.

    `params` are the query's without script and deploy; `body` is parsed JSON, or the text of another content type,
    None without a body; `at` is business time in epoch seconds; `role` the caller's. Record values and answers are
    as the record service has them; whatever the account refuses is raised as RestletError.
    """

    method: str
    params: Mapping[str, str]
    body: Any
    role: str
    at: float
    _system: ErpCloud
    _call: Call
    units: int = field(default=UNITS)

    def create(self, record: str, values: Mapping[str, Any]) -> str:
        """A new record; its internal id."""
        kind = self._spend(record, _WRITE_UNITS)
        return self._do(lambda: self._system.records.create(kind, self._read(kind, values), self._role, self.at))

    def load(self, record: str, reference: str) -> Doc:
        """A record with its sublists, by internal id or `eid:`."""
        kind = self._spend(record, _READ_UNITS)
        doc = self._do(lambda: self._system.records.need(kind, reference, self._role))
        view = View(self._call.base_url, True)
        shown: Doc = orjson.loads(self._system.renderer.singular(kind, doc, view))
        return shown

    def update(self, record: str, reference: str, values: Mapping[str, Any], replace: tuple[str, ...] = ()) -> None:
        """Change what `values` name; sublists in `replace` (lower case) are replaced whole."""
        kind = self._spend(record, _WRITE_UNITS)

        def change() -> None:
            before = self._system.records.need(kind, reference, self._role)
            given = self._read(kind, values)
            self._system.records.update(kind, before, given, self._role, self.at, frozenset(replace))

        self._do(change)

    def delete(self, record: str, reference: str) -> None:
        """Delete a record that nothing depends on."""
        kind = self._spend(record, _WRITE_UNITS)

        def remove() -> None:
            doc = self._system.records.need(kind, reference, self._role)
            self._system.records.delete(kind, doc, self._role, self.at)

        self._do(remove)

    def query(self, text: str, *params: Any) -> list[dict[str, str]]:
        """The first 5,000 rows of a SuiteQL query."""
        self._take(_QUERY_UNITS)
        return self._do(lambda: self._system.queries.rows(text, list(params)))

    @property
    def _role(self) -> Any:
        return self._system.access.role(self._call)

    def _read(self, record: RecordType, values: Mapping[str, Any]) -> Doc:
        state = self._system.state
        return Reader(state.fields_of(record), state.resolve, "error", "error").read(load_object(orjson.dumps(values)))

    def _spend(self, name: str, units: int) -> RecordType:
        record = self._do(lambda: record_type(name))
        self._take(units * (2 if record.is_transaction else 1))
        return record

    def _take(self, units: int) -> None:
        self.units -= units
        if self.units < 0:
            raise RestletError("SSS_USAGE_LIMIT_EXCEEDED", "Script Execution Usage Limit Exceeded")

    def _do(self, work: Callable[[], Result]) -> Result:
        try:
            return work()
        except Refused as refused:
            raise RestletError(refused.problem.code, refused.problem.detail) from refused


class Restlets:
    """The scripts that are deployed, and the endpoint that runs them."""

    def __init__(self, system: ErpCloud) -> None:
        self._system = system
        self._loaded: dict[str, Function] = {}
        for method in METHODS:
            system.routes.add(method, PATH, "restlet", self.run)

    def deploy(self, script: str, function: str, deploy: str = "1") -> None:
        """Put a function behind script and deployment; ValueError when there is none of that name."""
        _load(function)
        self._system.store.put("_restlet", {"id": f"{script}/{deploy}", "function": function})

    async def run(self, call: Call) -> Answer:
        """Run the function that the URL names."""
        query = dict(parse_qsl(call.query, keep_blank_values=True))
        script, deploy = query.pop("script", ""), query.pop("deploy", "")
        found = self._system.store.get("_restlet", f"{script}/{deploy}") if script and deploy else None
        if found is None:
            return restlet_error(
                400, "SSS_INVALID_SCRIPTLET_ID", "That Suitelet is invalid, disabled, or no longer exists."
            )
        try:
            request = Restlet(call.method, query, _body(call), call.principal, call.at, self._system, call)
            return _answer(self._function(found["function"])(request))
        except RestletError as error:
            return restlet_error(400, error.code, error.message)
        except Exception as error:  # the user's own defect: the vendor answers so too
            return restlet_error(400, "UNEXPECTED_ERROR", f"{type(error).__name__}: {error}")

    def _function(self, name: str) -> Function:
        if name not in self._loaded:
            self._loaded[name] = _load(name)
        return self._loaded[name]


def restlet_error(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Answer:
    """A refusal in the shape that RESTlets have."""
    answer = json_answer(status, {"error": {"code": code, "message": message}})
    return Answer(answer.status, answer.body, answer.content_type, {**answer.headers, **(headers or {})})


def _load(name: str) -> Function:
    module, _, member = name.partition(":")
    try:
        found: Any = getattr(importlib.import_module(module), member)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"there is no function {name}: {error}") from error
    if not callable(found):
        raise ValueError(f"{name} is no function")
    function: Function = found
    return function


def _body(call: Call) -> Any:
    if not call.body:
        return None
    kind = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        return call.body.decode("utf-8", "replace")
    try:
        return orjson.loads(call.body)
    except orjson.JSONDecodeError as error:
        raise RestletError("INVALID_REQUEST", f"The body is no JSON: {error}") from error


def _answer(result: Any) -> Answer:
    if result is None:
        return Answer(200, b"", "text/html; charset=utf-8")
    if isinstance(result, str):
        return Answer(200, result.encode(), "text/plain; charset=utf-8")
    return Answer(200, orjson.dumps(result), "application/json; charset=utf-8")
