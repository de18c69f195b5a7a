"""The one way anything is written: intake, checks, automation, storing, and what follows, all or nothing."""

from collections.abc import Mapping, Sequence, Set
from typing import Any

from simulators.kit.fidelity import approximate, exact
from simulators.kit.store import Doc
from simulators.salesforce import automation, contention, declared, merging, recycling
from simulators.salesforce.errors import ApiError, Problem, not_found, refused
from simulators.salesforce.ids import parse_id
from simulators.salesforce.intake import Writing, read_values
from simulators.salesforce.moments import stamp
from simulators.salesforce.schemas import Field, SObject
from simulators.salesforce.state import OrgState
from simulators.salesforce.values import Rejected, Unreadable, coerce

exact(
    "error codes, texts and `fields` of refused writes",
    source="reported",
    held_by="test_records, test_upsert, test_business_rules",
)
exact(
    "system fields in whole seconds, soft delete with cascade and restrict, `queryAll`",
    source="recorded",
    held_by="test_records, test_soql",
)
approximate("deleting a parent", "clears plain lookups at once and moves the child's `SystemModstamp` only")

Raw = Mapping[str, Any]


class ManyMatch(Exception):
    """An external id that several records carry: HTTP 300 with their addresses."""

    def __init__(self, ids: list[str]) -> None:
        super().__init__(f"{len(ids)} records match")
        self.ids = ids


class Writer:
    """Writes records on behalf of one caller at one moment. Each call is atomic by itself; ApiError undoes it."""

    def __init__(self, org: OrgState, how: Writing) -> None:
        self.org, self.how = org, how
        self.moment = stamp(how.at)

    # -- the four verbs ---------------------------------------------------------------------

    def insert(self, sobject: SObject, raw: Raw) -> str:
        """A new record; returns its id."""
        with self.org.store.transaction():
            return self._insert(sobject, raw)

    def update(self, sobject: SObject, record_id: str, raw: Raw) -> None:
        """Change a record; an explicit null clears a field."""
        with self.org.store.transaction():
            self._update(sobject, self.existing(sobject, record_id), raw)

    def upsert(self, sobject: SObject, field: Field, key: str, raw: Raw, update_only: bool = False) -> tuple[str, bool]:
        """Update the record whose external id is `key`, or insert one; returns its id and whether it is new."""
        body = {name: value for name, value in raw.items() if name.lower() != "attributes"}
        if any(name.lower() == field.name.lower() for name in body):
            message = f"The {field.name} field should not be specified in the sobject data."
            raise ApiError(Problem("INVALID_FIELD", message))
        with self.org.store.transaction():
            found = self.find(sobject, field, key)
            if found is not None:
                self._update(sobject, found, body)
                return str(found["Id"]), False
            if update_only or field.type == "id":
                raise not_found()
            return self._insert(sobject, {**body, field.name: key}), True

    def delete(self, sobject: SObject, record_id: str) -> None:
        """Move a record to the recycle bin, and with it what cascades."""
        if not sobject.writable or sobject.name == "User":
            raise refused("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")
        with self.org.store.transaction():
            doc = self.existing(sobject, record_id)
            self._delete(sobject, doc, doc["Id"])

    def undelete(self, sobject: SObject, record_id: str) -> str:
        """Bring a record back from the recycle bin, and with it what cascaded; returns its id."""
        return recycling.undelete(self, sobject, record_id)

    def merge(self, sobject: SObject, master: str, losers: Sequence[str], values: Raw) -> merging.Merged:
        """Merge one or two records into a third, which takes over the given values."""
        return merging.merge(self, sobject, master, losers, values)

    # -- look-ups ---------------------------------------------------------------------------

    def existing(self, sobject: SObject, record_id: str) -> Doc:
        """The live record that is to be changed."""
        known = parse_id(record_id)
        if known is None:
            message = f"{sobject.label} ID: id value of incorrect type: {record_id}"
            raise refused("MALFORMED_ID", message, "Id")
        doc = self.org.get(sobject.name, known)
        if doc is None:
            raise refused("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", status=404)
        if doc["IsDeleted"]:
            raise refused("ENTITY_IS_DELETED", "entity is deleted")
        return doc

    def find(self, sobject: SObject, field: Field, key: str) -> Doc | None:
        """The record with this external id; several raise ManyMatch."""
        try:
            value = coerce(sobject, field, key)
        except Rejected as rejected:
            raise ApiError(rejected.problem) from rejected
        except Unreadable as unreadable:
            raise not_found() from unreadable
        if value is None:
            raise ApiError(Problem("MISSING_ARGUMENT", f"{field.name} not specified"))
        if field.type == "id":
            return self.org.live(sobject.name, value)
        found = self.org.where(sobject.name, field.name, value, limit=200)
        if len(found) > 1:
            raise ManyMatch([doc["Id"] for doc in found])
        return found[0] if found else None

    # -- the pipeline -----------------------------------------------------------------------

    def _insert(self, sobject: SObject, raw: Raw) -> str:
        if not sobject.writable and not self.how.relaxed:
            message = f"entity type cannot be inserted: {sobject.label}"
            raise refused("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", message)
        values = read_values(self.org, sobject, raw, True, self.how)
        new = {**sobject.defaults, **{name: value for name, value in values.items() if value is not None}}
        return self._create(sobject, new, values.keys())

    def _update(self, sobject: SObject, old: Doc, raw: Raw) -> None:
        if not sobject.writable:
            message = f"entity type cannot be updated: {sobject.label}"
            raise refused("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", message)
        values = read_values(self.org, sobject, raw, False, self.how)
        new = {**old, **values}
        for name, value in values.items():
            if value is None and isinstance(sobject.defaults.get(name), bool):
                new[name] = False
        self._save(sobject, new, old, values.keys())

    def _create(self, sobject: SObject, new: Doc, given: Set[str]) -> str:
        org = self.org
        new["Id"] = org.new_id(sobject)
        new["IsDeleted"] = False
        for field in sobject.autonumbers:
            if not new.get(field.name):
                new[field.name] = automation.auto_number(org, sobject, field)
        if "ownerid" in sobject.fields:
            new.setdefault("OwnerId", self.how.user)
        if not (self.how.relaxed and "CreatedDate" in given):
            new["CreatedDate"] = self.moment
        if not (self.how.relaxed and "CreatedById" in given):
            new["CreatedById"] = self.how.user
        self._save(sobject, new, None, given)
        return str(new["Id"])

    def _save(self, sobject: SObject, new: Doc, old: Doc | None, given: Set[str]) -> None:
        late_s = contention.strike(self, "insert" if old is None else "update", sobject, new)
        given = declared.run_updates(self, sobject, new, old, given)
        missing = tuple(name for name in sobject.required if new.get(name) is None)
        if missing:
            message = f"Required fields are missing: [{', '.join(missing)}]"
            raise refused("REQUIRED_FIELD_MISSING", message, *missing)
        self._check_references(sobject, new, old)
        automation.before_save(self, sobject, new, old, given)
        declared.validate(self, sobject, new, old)
        self._check_unique(sobject, new, old)
        self.touch(sobject, new, born=old is None, late_s=late_s, before=old)
        automation.after_save(self, sobject, new, old)

    def resave(self, sobject: SObject, new: Doc, old: Doc, given: Set[str]) -> None:
        """Save a record that another's save has changed (`given`: these fields): its own rules may refuse that."""
        given = declared.run_updates(self, sobject, new, old, given)
        automation.before_save(self, sobject, new, old, given)
        declared.validate(self, sobject, new, old)
        self.touch(sobject, new, before=old)
        automation.after_save(self, sobject, new, old)

    def touch(
        self, sobject: SObject, new: Doc, modified: bool = True, born: bool = False, late_s: float = 0.0,
        before: Doc | None = None,
    ) -> None:  # fmt: skip
        """Store a document (`born`: a new one) with fresh system fields, or (not `modified`) a fresh SystemModstamp;
        `late_s`: they are so many seconds old; `before`: what the store holds now, if that is known.
        """
        moment = stamp(self.how.at - late_s) if late_s else self.moment
        if modified:
            new["LastModifiedDate"] = moment
            new["LastModifiedById"] = self.how.user
        new["SystemModstamp"] = moment
        if born and late_s:
            new["CreatedDate"] = min(new["CreatedDate"], moment)
        kept = {name: value for name, value in new.items() if value is not None}
        if born:
            self.org.store.add_new(sobject.name, kept, by=self.how)
            return
        if before is None and not self.how.relaxed:
            before = self.org.get(sobject.name, new["Id"])  # what change events compare with
        self.org.store.put(sobject.name, kept, before, self.how)

    def _check_references(self, sobject: SObject, new: Doc, old: Doc | None) -> None:
        for field in sobject.references:
            target = new.get(field.name)
            if target is None or (old is not None and old.get(field.name) == target):
                continue
            wanted = self.org.schema.of_id(target)
            if wanted is None or wanted.name not in field.targets:
                message = f"{field.label}: id value of incorrect type: {target}"
                raise refused("MALFORMED_ID", message, field.name)
            if target == self.how.user:
                continue  # who writes is there
            found = self.org.get(wanted.name, target)
            if found is None:
                raise refused("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
            if found["IsDeleted"]:
                raise refused("ENTITY_IS_DELETED", "entity is deleted", status=400)
            if wanted.name == "RecordType" and found.get("SobjectType") != sobject.name:
                message = f"{field.label}: this ID value isn't valid for the user: {target}"
                raise refused("INVALID_CROSS_REFERENCE_KEY", message, field.name)

    def _check_unique(self, sobject: SObject, new: Doc, old: Doc | None) -> None:
        for field in sobject.uniques:
            value = new.get(field.name)
            if value is None or (old is not None and old.get(field.name) == value):
                continue
            for other in self.org.where(sobject.name, field.name, value, limit=2):
                if other["Id"] != new["Id"]:
                    message = (
                        f"duplicate value found: {field.name} duplicates value on record with id: {other['Id'][:15]}"
                    )
                    raise refused("DUPLICATE_VALUE", message)

    def revive(self, sobject: SObject, doc: Doc) -> None:
        """Store a record that comes out of the recycle bin; its unique values may be taken by now."""
        self._check_unique(sobject, doc, None)
        self.touch(sobject, doc)
        automation.after_save(self, sobject, doc, None)

    def _delete(self, sobject: SObject, doc: Doc, root: str) -> None:
        contention.strike(self, "delete", sobject, doc)
        automation.before_delete(self, sobject, doc)
        lookups: list[recycling.Lookup] = []
        self.touch(sobject, {**doc, "IsDeleted": True})
        for child in sobject.dependents:
            spec = self.org.spec(child.sobject)
            for row in self.org.where(child.sobject, child.field.name, doc["Id"]):
                if child.field.cascade:
                    self._delete(spec, row, root)
                elif child.field.restrict:
                    message = (
                        "Your attempt to delete this record could not be completed because it is associated with other "
                        f"records: {row['Id']}"
                    )
                    raise refused("DELETE_FAILED", message)
                else:
                    lookups.append((child.sobject, row["Id"], child.field.name))
                    self.touch(spec, {**row, child.field.name: None}, modified=False)
        recycling.keep(self, sobject, doc["Id"], root, lookups)
        automation.after_delete(self, sobject, doc)
