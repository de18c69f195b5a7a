"""What a consumer expects of a provider, as data: exchanges, and cases in which the core's own adapter makes them."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus, urlsplit

os.environ["PACT_DO_NOT_TRACK"] = "true"

from pact import Pact, match

from synccore.engine.live.http import HttpTransport
from synccore.ports.transport import Request, Response

Given = tuple[str, dict[str, Any]]
SPECIFICATION = "V4"
FORM = "application/x-www-form-urlencoded"
TEXT_CSV = "text/csv"


def injected(example: Any, expression: str) -> dict[str, Any]:
    """A value of a request that the provider's state decides: the example here, `${name}` from its answer there."""
    kind = {"pact:generator:type": "ProviderState", "expression": expression}
    return {"pact:matcher:type": "equality", "value": example, **kind}


def shaped(example: str, pattern: str) -> dict[str, Any]:
    """A text of a response that has a form."""
    return {"pact:matcher:type": "regex", "value": example, "regex": pattern}


@dataclass(frozen=True)
class Exchange:
    """One request and its answer. `query`, `path` and `body` may hold injected values; a form is given as pairs."""

    says: str
    given: Sequence[Given]
    method: str
    path: Any
    query: Mapping[str, Any] = field(default_factory=dict)
    sends: Any = None
    form: Sequence[tuple[str, str]] = ()
    form_injected: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    answers: Any = None
    answers_text: tuple[str, str, str] | None = None  # example, pattern of the whole, content type
    answer_headers: Mapping[str, Any] = field(default_factory=dict)
    authorized: Any = None  # how the authorization header looks, with the state's token


@dataclass(frozen=True)
class Case:
    """A call of an adapter, the exchanges it leads to, and what comes of it."""

    name: str
    call: Callable[[Any], Awaitable[Any]]
    exchanges: Sequence[Exchange]
    holds: Callable[[Any], bool] = lambda result: True
    raises: type[Exception] | None = None
    signs_in: bool = False


class SignedIn:
    """The core's transport over real sockets; signing in is answered beside it unless that is what is expected."""

    def __init__(self, signs_in: bool) -> None:
        self._inner, self._signs_in = HttpTransport(), signs_in

    async def send(self, request: Request) -> Response:
        if urlsplit(request.url).path.endswith("/token") and not self._signs_in:
            return Response(200, {}, b'{"access_token": "token", "expires_in": "3600"}')
        return await self._inner.send(request)

    async def close(self) -> None:
        await self._inner.close()


def play(case: Case, pact: Pact, adapter: Callable[[str, SignedIn], Any]) -> str:
    """Run a case against pact's mock server; '' or what went wrong. The interactions are then in the pact."""
    for exchange in case.exchanges:
        _expect(pact, exchange)

    async def act(url: str) -> str:
        transport = SignedIn(case.signs_in)
        try:
            result = await case.call(adapter(url, transport))
        except Exception as error:
            good = case.raises is not None and isinstance(error, case.raises) and case.holds(error)
            return "" if good else f"{type(error).__name__}: {error}"
        finally:
            await transport.close()
        if case.raises is not None:
            return f"no {case.raises.__name__}, but {result!r}"
        return "" if case.holds(result) else f"it came to {result!r}"

    problem = ""
    with pact.serve(addr="127.0.0.1", raises=False) as server:
        problem = asyncio.run(act(str(server.url)))
        wrong = json.dumps(server.mismatches) if not server.matched else ""
    return f"{case.name}: {problem} {wrong}" if problem or wrong else ""


def _expect(pact: Pact, exchange: Exchange) -> None:
    upon = pact.upon_receiving(exchange.says)
    for name, parameters in exchange.given:
        upon = upon.given(name, parameters) if parameters else upon.given(name)
    upon = upon.with_request(exchange.method, exchange.path if isinstance(exchange.path, str) else _text(exchange.path))
    for name, value in exchange.query.items():
        upon = upon.with_query_parameter(name, value if isinstance(value, str) else _text(value))
    for name, value in exchange.headers.items():
        upon = upon.with_header(name, value)
    if exchange.authorized is not None:
        upon = upon.with_header("authorization", exchange.authorized)
    if exchange.sends is not None:
        upon = upon.with_body(_text(exchange.sends), content_type="application/json")
    if exchange.form:
        upon = upon.with_body("&".join(f"{_form(name)}={_form(value)}" for name, value in exchange.form), FORM)
        if exchange.form_injected:
            rules = {name: {"combine": "AND", "matchers": [{"match": "regex", "regex": "^.+$"}]}
                     for name in exchange.form_injected}  # fmt: skip
            made = {name: {"type": "ProviderState", "expression": expression, "dataType": "STRING"}
                    for name, expression in exchange.form_injected.items()}  # fmt: skip
            upon = upon.with_matching_rules({"body": rules}).with_generators({"body": made})
    upon = upon.will_respond_with(exchange.status)
    for name, value in exchange.answer_headers.items():
        upon = upon.with_header(name, value, "Response")
    if exchange.answers is not None:
        upon = upon.with_header("Content-Type", JSON_OF_ANY_KIND, "Response")
        upon.with_body(exchange.answers, content_type="application/json", part="Response")

    if exchange.answers_text is not None:
        example, pattern, kind = exchange.answers_text
        upon = upon.with_header("Content-Type", shaped(kind, f"^{kind}.*$"), "Response")
        upon = upon.with_body(example, kind, part="Response")
        rule = {"combine": "AND", "matchers": [{"match": "regex", "regex": pattern}]}
        upon.with_matching_rules({"body": {"$": rule}}, part="Response")


JSON_OF_ANY_KIND = shaped("application/json", r"^application/([a-z.-]+\+)?json.*$")


def _form(text: str) -> str:
    return quote_plus(text)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=float)


def written(folder: Path, consumer: str, provider: str) -> str:
    """The pact that was written, the same bytes for the same expectations on every machine."""
    content = json.loads((folder / f"{consumer}-{provider}.json").read_text())
    content["interactions"].sort(key=lambda one: one["description"])
    content["metadata"] = {"pactSpecification": content["metadata"]["pactSpecification"]}
    return json.dumps(content, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


like = match.like
each = match.each_like
