"""What people do inside the ERP and no public API offers: closing periods, changing set-up, editing by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from simulators.erp_cloud.body import Reader, load_object
from simulators.erp_cloud.errors import Refused
from simulators.erp_cloud.imports import import_catalog, rows_of_csv, seed_rows
from simulators.erp_cloud.roles import ROLES, Role
from simulators.erp_cloud.routes import record_type
from simulators.erp_cloud.rules_periods import DEFAULTS as PERIOD_DEFAULTS
from simulators.erp_cloud.rules_periods import OUTSIDE
from simulators.erp_cloud.schemas import PERIOD, RecordType
from simulators.erp_cloud.state import DEFAULTS
from simulators.kit.system import Act

if TYPE_CHECKING:
    from simulators.erp_cloud.app import ErpCloud

Doc = dict[str, Any]

LOCKS = {"ar": ("arLocked",), "ap": ("apLocked",), "all": ("arLocked", "apLocked", "allLocked")}


class Acts:
    """The verbs of `POST /_control/act/…`; bad arguments raise KeyError or ValueError."""

    def __init__(self, system: ErpCloud) -> None:
        self._system = system

    def table(self) -> dict[str, Act]:
        """Verb to function."""
        return {
            "lock_period": self.lock_period, "unlock_period": self.unlock_period, "close_period": self.close_period,
            "open_period": self.open_period, "require_field": self.require_field, "define_field": self.define_field,
            "set_preference": self.set_preference, "create_record": self.create_record, "edit_record": self.edit_record,
            "delete_record": self.delete_record, "recognize_revenue": self.recognize_revenue,
            "deploy_restlet": self.deploy_restlet, "import_catalog": self.import_catalog,
            "void_record": self.void_record, "import_list": self.import_list,
        }  # fmt: skip

    # -- periods ------------------------------------------------------------------------------

    async def lock_period(self, arguments: Doc) -> Doc:
        """{"period": "Jan 2026" | "2026-01" | id, "what"?: "ar" | "ap" | "all"}."""
        return self._change_period(arguments, dict.fromkeys(LOCKS[arguments.get("what", "all")], True))

    async def unlock_period(self, arguments: Doc) -> Doc:
        """{"period", "what"?}: a closed period must be reopened first; what is open for one is not locked for all."""
        return self._change_period(arguments, dict.fromkeys((*LOCKS[arguments.get("what", "all")], "allLocked"), False))

    async def close_period(self, arguments: Doc) -> Doc:
        """{"period", "lock"?: true, "earlier"?: true}: earlier months must be closed.

        `lock` locks A/R, A/P and all on the way; `earlier` does the same with every earlier month that is open.
        """
        flags: Doc = {"closed": True}
        if arguments.get("lock"):
            flags |= dict.fromkeys(LOCKS["all"], True)
        if arguments.get("earlier"):
            last = self._period(arguments)
            for month in self._system.state.months():
                if month["startDate"] < last["startDate"] and not month["closed"]:
                    self._change_period({"period": month["id"]}, flags)
        return self._change_period(arguments, flags)

    async def open_period(self, arguments: Doc) -> Doc:
        """{"period"}: reopen the last closed month, unlocked."""
        return self._change_period(arguments, {**dict.fromkeys(LOCKS["all"], False), "closed": False})

    def _period(self, arguments: Doc) -> Doc:
        wanted = str(arguments["period"])
        for period in self._system.state.months():
            if wanted in (period["id"], period["periodName"], period["startDate"][:7]):
                return period
        raise ValueError(f"there is no period {wanted}")

    def _change_period(self, arguments: Doc, flags: Doc) -> Doc:
        period = self._period(arguments)
        if "allowNonGLChanges" in arguments:
            flags = flags | {"allowNonGLChanges": bool(arguments["allowNonGLChanges"])}
        now = self._system.clock.now()
        try:
            self._system.records.update(PERIOD, period, flags, ROLES["controller"], now)
        except Refused as refused:
            raise ValueError(refused.problem.detail) from refused
        changed = self._system.state.need("accountingPeriod", period["id"])
        return {"period": changed["periodName"], **{name: changed[name] for name in (*LOCKS["all"], "closed")}}

    async def recognize_revenue(self, arguments: Doc) -> Doc:
        """{"period"}: make the journals that recognise deferred revenue up to that month's end."""
        month = self._period(arguments)["startDate"][:7]
        try:
            made = self._system.records.recognize(month, self._system.clock.now())
        except Refused as refused:
            raise ValueError(refused.problem.detail) from refused
        return {"period": month, "journals": made}

    # -- set-up -------------------------------------------------------------------------------

    async def require_field(self, arguments: Doc) -> Doc:
        """{"record", "field", "required"?: true}: make a field mandatory (or not) from now on."""
        record = _known(arguments["record"])
        one = self._system.state.fields_of(record).get(str(arguments["field"]).lower())
        if one is None:
            raise ValueError(f"{record.name} has no field {arguments['field']}")
        mandatory = {name: list(fields) for name, fields in self._system.state.preferences["mandatory"].items()}
        fields = [name for name in mandatory.get(record.name.lower(), []) if name != one.name]
        if arguments.get("required", True):
            fields.append(one.name)
        mandatory[record.name.lower()] = fields
        self._system.state.prefer(mandatory=mandatory)
        return {"record": record.name, "mandatory": fields}

    async def define_field(self, arguments: Doc) -> Doc:
        """{"id": "custbody_x", "record": "invoice", "sublist"?, "type"?: "string", "label"?}: a custom field."""
        record = _known(arguments["record"])
        self._system.state.define({**arguments, "id": str(arguments["id"]), "record": record.name})
        return {"defined": arguments["id"], "record": record.name}

    async def set_preference(self, arguments: Doc) -> Doc:
        """{name: value, …}: change accounting preferences."""
        allowed = {"transactionDateOutsidePeriod": OUTSIDE, "defaultPostingPeriod": PERIOD_DEFAULTS,
                   "revenueRecognition": ("manual", "monthly")}  # fmt: skip
        for name, value in arguments.items():
            if name not in DEFAULTS or name == "id":
                raise ValueError(f"there is no preference {name}")
            if name in allowed and value not in allowed[name]:
                raise ValueError(f"{name} is one of {', '.join(allowed[name])}")
        self._system.state.prefer(**arguments)
        self._system.month_end.plan()
        return {name: self._system.state.preferences[name] for name in arguments}

    async def import_catalog(self, arguments: Doc) -> Doc:
        """{"catalog": OpenAPI of `metadata-catalog?select=…`, "only"?: false}: the fields of a user's own account."""
        with self._system.store.transaction():
            return import_catalog(self._system.state, arguments["catalog"], bool(arguments.get("only")))

    async def import_list(self, arguments: Doc) -> Doc:
        """{"what": "items" | "account" | …, "rows": […] or "csv": text}: a list of set-up as the vendor exports it."""
        what = str(arguments["what"])
        given = arguments["rows"] if "rows" in arguments else rows_of_csv(str(arguments["csv"]))
        return dict(self._system.seed({what: seed_rows(what, given)}))

    async def deploy_restlet(self, arguments: Doc) -> Doc:
        """{"script", "function": "package.module:name", "deploy"?: "1"}: a function behind the RESTlet URL."""
        place = str(arguments["script"]), str(arguments["function"]), str(arguments.get("deploy", "1"))
        self._system.restlets.deploy(*place)
        return dict(zip(("script", "function", "deploy"), place, strict=True))

    # -- records ------------------------------------------------------------------------------

    async def create_record(self, arguments: Doc) -> Doc:
        """{"record", "values": body, "role"?: "controller"}: a person enters a record by hand."""
        record = _known(arguments["record"])
        try:
            values = self._read(record, arguments["values"])
            key = self._system.records.create(record, values, _role(arguments), self._system.clock.now())
        except Refused as refused:
            raise ValueError(refused.problem.detail) from refused
        return {"record": record.name, "id": key}

    async def edit_record(self, arguments: Doc) -> Doc:
        """{"record", "id": id or eid:…, "values": body, "replace"?: [sublist], "role"?}: a person edits by hand."""
        record, doc = self._existing(arguments)
        replace = frozenset(str(name).lower() for name in arguments.get("replace", ()))
        try:
            values = self._read(record, arguments["values"])
            self._system.records.update(record, doc, values, _role(arguments), self._system.clock.now(), replace)
        except Refused as refused:
            raise ValueError(refused.problem.detail) from refused
        return {"record": record.name, "id": doc["id"]}

    async def void_record(self, arguments: Doc) -> Doc:
        """{"record", "id": id or eid:…, "role"?}: a person voids an invoice, credit memo or payment."""
        record, doc = self._existing(arguments)
        try:
            journal = self._system.records.void(doc, _role(arguments), self._system.clock.now())
        except Refused as refused:
            raise ValueError(refused.problem.detail) from refused
        return {"record": record.name, "id": doc["id"], "journal": journal}

    async def delete_record(self, arguments: Doc) -> Doc:
        """{"record", "id": id or eid:…, "role"?}: a person deletes a record."""
        record, doc = self._existing(arguments)
        try:
            self._system.records.delete(record, doc, _role(arguments), self._system.clock.now())
        except Refused as refused:
            raise ValueError(refused.problem.detail) from refused
        return {"record": record.name, "id": doc["id"]}

    def _existing(self, arguments: Doc) -> tuple[RecordType, Doc]:
        record = _known(arguments["record"])
        doc = self._system.records.find(record, str(arguments["id"]))
        if doc is None:
            raise ValueError(f"there is no {record.name} {arguments['id']}")
        return record, doc

    def _read(self, record: RecordType, values: Doc) -> Doc:
        state = self._system.state
        return Reader(state.fields_of(record), state.resolve, "error", "error").read(load_object(orjson.dumps(values)))


def _role(arguments: Doc) -> Role:
    return ROLES[arguments.get("role", "controller")]


def _known(name: str) -> RecordType:
    try:
        return record_type(str(name))
    except Refused as refused:
        raise ValueError(refused.problem.detail) from refused
