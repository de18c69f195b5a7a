"""One authenticated REST call as its endpoints see it: version, parsed body, query parameters, answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import orjson

from simulators.kit.calls import Answer, Call
from simulators.kit.fidelity import exact
from simulators.salesforce.commit import Writer
from simulators.salesforce.errors import JSON_TYPE, ApiError, Problem, failed, not_found
from simulators.salesforce.intake import Writing
from simulators.salesforce.schemas import SObject
from simulators.salesforce.state import OrgState

if TYPE_CHECKING:
    from simulators.salesforce.app import Salesforce

exact(
    "hostile input (SOQL and SOSL of 100,000 characters, endless numbers and strings, deep nesting, no UTF-8, forged "
    "tokens and assertions, ids of other orgs, garbage on streams): the vendor's refusal, no 500, nothing half written",
    source="documented, reported",
    held_by="test_hostile_clients, test_bad_input, test_soql_fuzz, test_bulk_fuzz",
)

_VERSION = re.compile(r"v(\d{2,3})\.0\Z", re.IGNORECASE)
_CLIENT = re.compile(r"client=([^,;]+)", re.IGNORECASE)
OLDEST_VERSION = 20
_JSON_TYPES = ("", "application/json", "text/json", "application/x-www-form-urlencoded", "text/plain")


@dataclass(slots=True)
class Context:
    """A call on `/services/data/vNN.0/…` by a logged-in user."""

    system: Salesforce
    call: Call
    version: int

    @property
    def org(self) -> OrgState:
        """The org's data."""
        return self.system.org

    @property
    def root(self) -> str:
        """The path that all resources of this version begin with."""
        return f"/services/data/v{self.version}.0"

    def sobject(self, name: str) -> SObject:
        """The object named in the path, in any case; 404 for an unknown one."""
        found = self.org.schema.get(name)
        if found is None:
            raise not_found()
        return found

    def parameters(self) -> dict[str, str]:
        """Query parameters; a `+` is a blank here and only here."""
        return dict(parse_qsl(self.call.query, keep_blank_values=True, errors="replace"))

    def writer(self) -> Writer:
        """A writer on behalf of the caller, now."""
        return Writer(self.org, Writing(self.call.at, self.call.principal, self.call.body, origin=self.origin))

    @property
    def origin(self) -> str:
        """What change events say where a change came from: interface, version and the client's name for itself."""
        options = self.call.headers.get("sforce-call-options")
        named = _CLIENT.search(options) if options else None
        client = f";client={named[1]}" if named else ""
        return f"com/salesforce/api/rest/{self.version}.0{client}"

    def json(self) -> Any:
        """The parsed body; 415 for another type, 400 for what is no JSON."""
        kind = self.call.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in _JSON_TYPES:
            message = f"Content-Type header specified in HTTP request is not supported: {kind}"
            raise failed("UNSUPPORTED_MEDIA_TYPE", message)
        return parse_json(self.call)

    def json_object(self) -> dict[str, Any]:
        """The body, which must be a JSON object."""
        found = self.json()
        if not isinstance(found, dict):
            raise failed("JSON_PARSER_ERROR", "The HTTP entity body is required, but this request has no entity body.")
        return found


def parse_json(call: Call) -> Any:
    """The call's JSON body, parsed once; ApiError JSON_PARSER_ERROR with the place of the fault."""
    if "salesforce.json" in call.scope:
        return call.scope["salesforce.json"]
    if not call.body.strip():
        raise failed("JSON_PARSER_ERROR", "The HTTP entity body is required, but this request has no entity body.")
    try:
        found = orjson.loads(call.body)
    except orjson.JSONDecodeError as error:
        message = f"{error.msg} at [line:{error.lineno}, column:{error.colno}]"
        raise ApiError(Problem("JSON_PARSER_ERROR", message), whole=True) from None
    call.scope["salesforce.json"] = found
    return found


@lru_cache(maxsize=64)
def read_version(text: str) -> int:
    """60 for `v60.0`; 404 for what is no API version from 20 up."""
    match = _VERSION.match(text)
    if match is None or int(match.group(1)) < OLDEST_VERSION:
        raise not_found()
    return int(match.group(1))


def reply(status: int, value: Any, headers: Mapping[str, str] | None = None) -> Answer:
    """A JSON answer as the REST API sends it."""
    return Answer(status, orjson.dumps(value), JSON_TYPE, dict(headers or {}))


def whole_number(text: str, without: int) -> int:
    """A whole number as clients write one, in ASCII digits; `without` for anything else, also for endless digits."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else without


def flag(text: str | None, default: bool = False) -> bool:
    """A boolean query parameter."""
    return default if text is None else text.strip().lower() == "true"
