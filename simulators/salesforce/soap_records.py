"""Records by SOAP, as jsforce's `soap` speaks it: create, update, upsert, delete, undelete, merge, empty the bin."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from simulators.kit.calls import Answer, Call
from simulators.kit.fidelity import absent, exact
from simulators.salesforce import recycling
from simulators.salesforce.auth import LIFETIME_S
from simulators.salesforce.commit import Writer
from simulators.salesforce.envelope import Element, fault, local, xml
from simulators.salesforce.errors import ApiError, Problem, refused
from simulators.salesforce.ids import parse_id
from simulators.salesforce.intake import Writing
from simulators.salesforce.moments import stamp
from simulators.salesforce.outcomes import Outcome, Step, perform
from simulators.salesforce.schemas import SObject

if TYPE_CHECKING:
    from simulators.salesforce.app import Salesforce

exact(
    "SOAP create, update, upsert, delete, undelete, emptyRecycleBin, getServerTimestamp and getUserInfo as jsforce "
    "sends and reads them", source="observed", held_by="test_recycle_bin, test_jsforce",
)  # fmt: skip
absent("further operations of the SOAP API (query, retrieve, convertLead, describe…)")

MOST = 200


def answer(system: Salesforce, call: Call, asked: Element | None, session: str) -> Answer:
    """One call with a session."""
    user = system.sessions.user(session, call.at)
    if user is None:
        return fault("INVALID_SESSION_ID", "Invalid Session ID found in SessionHeader: Illegal Session")
    if asked is None or local(asked) not in _OPERATIONS:
        return fault("INVALID_OPERATION", "This operation is not part of the simulator's SOAP API")
    writer = Writer(system.org, Writing(call.at, user, csv=True))
    try:
        result = _OPERATIONS[local(asked)](system, writer, asked)
    except ApiError as error:
        return fault(error.problems[0].code, error.problems[0].message)
    return xml(200, f"<{local(asked)}Response>{result}</{local(asked)}Response>")


def user_info(system: Salesforce) -> dict[str, str]:
    """The members of `userInfo` in a login's result and of `getUserInfo`."""
    org = system.org
    user = org.get("User", org.user_id) or {}
    return {
        "organizationId": org.org_id, "organizationName": "Windtunnel", "userId": org.user_id,
        "userName": user.get("Username", ""), "userFullName": user.get("Name", ""), "userEmail": user.get("Email", ""),
        "userLanguage": "en_US", "userLocale": "en_US", "userTimeZone": "GMT", "userType": "Standard",
        "currencySymbol": "", "profileId": user.get("ProfileId", ""), "sessionSecondsValid": str(int(LIFETIME_S)),
    }  # fmt: skip


# -- operations -------------------------------------------------------------------------------


def _create(system: Salesforce, writer: Writer, asked: Element) -> str:
    def step(row: Element) -> Outcome:
        spec, raw = _record(system, row)
        return Outcome(writer.insert(spec, raw))

    return _each(system, _rows(asked, "sObjects"), step)


def _update(system: Salesforce, writer: Writer, asked: Element) -> str:
    def step(row: Element) -> Outcome:
        spec, raw = _record(system, row)
        record_id = raw.pop("Id", None)
        if record_id is None:
            raise refused("MISSING_ARGUMENT", "Id not specified in an update call")
        writer.update(spec, record_id, raw)
        return Outcome(parse_id(record_id))

    return _each(system, _rows(asked, "sObjects"), step)


def _upsert(system: Salesforce, writer: Writer, asked: Element) -> str:
    named = next((part.text or "" for part in asked if local(part).lower() == "externalidfieldname"), "")

    def step(row: Element) -> Outcome:
        spec, raw = _record(system, row)
        field = spec.get(named)
        if field is None or not field.id_lookup:
            message = f"Field name provided, {named} does not match an External ID, Salesforce Id, or indexed field"
            raise refused("INVALID_FIELD", f"{message} for {spec.name}")
        key = next((raw.pop(name) for name in list(raw) if name.lower() == field.name.lower()), None)
        if field.type != "id":
            raw.pop("Id", None)
        if key is None:
            if field.type == "id":
                return Outcome(writer.insert(spec, raw), True)
            raise refused("MISSING_ARGUMENT", f"{field.name} not specified", field.name)
        return Outcome(*writer.upsert(spec, field, str(key), raw))

    return _each(system, _rows(asked, "sObjects"), step)


def _by_id(work: Callable[[Writer, SObject, str], object]) -> Callable[[Salesforce, Writer, Element], str]:
    """An operation on ids."""

    def run(system: Salesforce, writer: Writer, asked: Element) -> str:
        def step(row: Element) -> Outcome:
            known = parse_id((row.text or "").strip())
            spec = system.org.schema.of_id(known) if known else None
            if known is None or spec is None:
                raise ApiError(Problem("MALFORMED_ID", f"malformed id {row.text}", ()))
            work(writer, spec, known)
            return Outcome(known)

        return _each(system, _rows(asked, "ids"), step)

    return run


def _merge(system: Salesforce, writer: Writer, asked: Element) -> str:
    results: list[str] = []
    for request in _rows(asked, "mergeRequests", most=10):
        master = next((part for part in request if local(part) == "masterRecord"), None)
        losers = [(part.text or "").strip() for part in request if local(part) == "recordToMergeIds"]
        try:
            if master is None:
                raise refused("MISSING_ARGUMENT", "masterRecord not specified")
            spec, raw = _record(system, master)
            merged = writer.merge(spec, str(raw.pop("Id", "")), losers, raw)
        except ApiError as error:
            results.append(f"<result>{_errors(error.problems)}<success>false</success></result>")
            continue
        ids = "".join(f"<mergedRecordIds>{one}</mergedRecordIds>" for one in merged.losers)
        moved = "".join(f"<updatedRelatedIds>{one}</updatedRelatedIds>" for one in merged.moved)
        results.append(f"<result><id>{merged.id}</id>{ids}<success>true</success>{moved}</result>")
    return "".join(results)


def _timestamp(_system: Salesforce, writer: Writer, _asked: Element) -> str:
    moment = stamp(writer.how.at).replace("+0000", "Z")
    return f"<result><timestamp>{moment}</timestamp></result>"


def _user(system: Salesforce, _writer: Writer, _asked: Element) -> str:
    shown = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in user_info(system).items())
    return f"<result>{shown}</result>"


_OPERATIONS: dict[str, Callable[[Salesforce, Writer, Element], str]] = {
    "create": _create, "update": _update, "upsert": _upsert, "delete": _by_id(Writer.delete),
    "undelete": _by_id(Writer.undelete), "emptyRecycleBin": _by_id(recycling.empty), "merge": _merge,
    "getServerTimestamp": _timestamp, "getUserInfo": _user,
}  # fmt: skip


# -- inside -----------------------------------------------------------------------------------


def _rows(asked: Element, name: str, most: int = MOST) -> list[Element]:
    found = [part for part in asked if local(part) == name]
    if len(found) > most:
        message = f"record limit reached. cannot submit more than {most} records into this call"
        raise refused("EXCEEDED_ID_LIMIT", message)
    return found


def _record(system: Salesforce, element: Element) -> tuple[SObject, dict[str, Any]]:
    """The object and the values of an sObject element; `fieldsToNull` clears, a nested element is a reference."""
    raw: dict[str, Any] = {}
    kind = ""
    for part in element:
        name = local(part)
        if name == "type":
            kind = (part.text or "").strip()
        elif name == "fieldsToNull":
            raw[(part.text or "").strip()] = None
        elif len(part):
            raw[name] = {local(inner): inner.text or "" for inner in part if local(inner) != "type"}
        else:
            raw[name] = part.text or ""
    spec = system.org.schema.get(kind)
    if spec is None:
        raise refused("INVALID_TYPE", f"sObject type '{kind}' is not supported.")
    return spec, raw


def _each(system: Salesforce, rows: list[Element], step: Callable[[Element], Outcome]) -> str:
    def bind(row: Element) -> Step:
        return lambda: step(row)

    return "".join(_result(one) for one in perform(system.org.store, [bind(row) for row in rows], False))


def _result(outcome: Outcome) -> str:
    created = "" if outcome.created is None else f"<created>{str(outcome.created).lower()}</created>"
    shown = f"<id>{outcome.id}</id>" if outcome.id else '<id xsi:nil="true"/>'
    success = str(not outcome.problems).lower()
    return f"<result>{created}{_errors(outcome.problems)}{shown}<success>{success}</success></result>"


def _errors(problems: tuple[Problem, ...]) -> str:
    return "".join(
        "<errors>" + "".join(f"<fields>{escape(name)}</fields>" for name in problem.fields or ())
        + f"<message>{escape(problem.message)}</message><statusCode>{problem.code}</statusCode></errors>"
        for problem in problems
    )  # fmt: skip
