"""Writing customers and their subsidiaries."""

from typing import Any

from simulators.erp_cloud.errors import Refused, invalid_value, missing_values, user_error
from simulators.erp_cloud.moments import stamp
from simulators.erp_cloud.posting import Writing
from simulators.erp_cloud.state import State

Doc = dict[str, Any]


class Customers:
    """The keeper of customers."""

    def __init__(self, state: State) -> None:
        self.state = state

    def write(self, doc: Doc, writing: Writing) -> None:
        """Finish, check and keep a new or changed customer."""
        if doc.get("isPerson"):
            missing = [
                label for name, label in (("firstName", "First Name"), ("lastName", "Last Name")) if not doc.get(name)
            ]
        else:
            missing = [] if doc.get("companyName") else ["Company Name"]
        if not doc.get("subsidiary"):
            missing.append("Primary Subsidiary")
        if missing:
            raise Refused(missing_values(*missing, path="subsidiary" if missing[0].startswith("P") else "companyName"))
        if writing.before is not None:
            self._fixed_by_transactions(doc, writing.before)
        subsidiary = self.state.need("subsidiary", doc["subsidiary"])
        doc["currency"] = doc.get("currency") or subsidiary["currency"]
        listed = doc.setdefault("currencyList", [])
        for index, line in enumerate(listed):
            if not line.get("currency"):
                raise Refused(missing_values("Currency", path=f"currencyList.items[{index}].currency"))
        if doc["currency"] not in [line.get("currency") for line in listed]:
            number = 1 + max((line["line"] for line in listed), default=0)
            listed.append({"line": number, "currency": doc["currency"]})
        self._entity_id(doc)
        if writing.before is None:
            doc["dateCreated"] = stamp(writing.at)
            doc["createdBy"] = writing.role.name
        doc["lastModifiedDate"] = stamp(writing.at)
        self.state.save("customer", doc)
        self._primary_relationship(doc, writing)

    def _entity_id(self, doc: Doc) -> None:
        if not doc.get("entityId"):
            doc["entityId"] = f"CUS{self.state.store.next('entityid')}"
            return
        taken = self.state.store.find("customer", entityId=doc["entityId"])
        if any(one["id"] != doc["id"] for one in taken):
            raise Refused(user_error(
                "A customer record with this ID already exists. You must enter a unique customer ID for each record "
                "you create. DUP_ENTITY.", "entityId",
            ))  # fmt: skip

    def _fixed_by_transactions(self, doc: Doc, before: Doc) -> None:
        """Subsidiary and currency cannot change once there are transactions."""
        changed = [name for name in ("subsidiary", "currency") if doc.get(name) != before.get(name)]
        if changed and self._has_transactions(doc["id"]):
            raise Refused(user_error(
                f"You can not change the {changed[0]} of a customer that has transactions.", changed[0]
            ))  # fmt: skip

    def _has_transactions(self, key: str) -> bool:
        row = self.state.store.db.execute(
            "SELECT 1 FROM row_transaction WHERE entity = ? LIMIT 1", (int(key),)
        ).fetchone()
        return row is not None

    def _primary_relationship(self, doc: Doc, writing: Writing) -> None:
        known = self.state.store.find("relationship", entity=doc["id"])
        if any(one["subsidiary"] == doc["subsidiary"] for one in known):
            return
        for one in known:
            if one.get("isPrimarySub"):
                self.state.save("relationship", one | {"subsidiary": doc["subsidiary"]})
                return
        self.state.save("relationship", {
            "id": self.state.new_id("relationship"), "recordType": "customerSubsidiaryRelationship",
            "entity": doc["id"], "subsidiary": doc["subsidiary"], "isPrimarySub": True,
            "createdDate": stamp(writing.at), "lastModifiedDate": stamp(writing.at),
        })  # fmt: skip

    def delete(self, doc: Doc, writing: Writing) -> None:
        """A customer with transactions or children stays."""
        del writing
        child = self.state.store.db.execute("SELECT 1 FROM row_customer WHERE parent = ?", (int(doc["id"]),)).fetchone()
        if self._has_transactions(doc["id"]) or child is not None:
            raise Refused(user_error("This record cannot be deleted because it has dependent records."))
        for one in self.state.store.find("relationship", entity=doc["id"]):
            self.state.store.delete("relationship", one["id"])


class Contacts:
    """The keeper of contacts: people at a customer."""

    def __init__(self, state: State) -> None:
        self.state = state

    def write(self, doc: Doc, writing: Writing) -> None:
        """A contact has a name of its own and a subsidiary, its company's unless told."""
        name = " ".join(str(doc[part]) for part in ("firstName", "middleName", "lastName") if doc.get(part))
        doc["entityId"] = doc.get("entityId") or name
        company = self.state.get("customer", doc.get("company")) or {}
        doc["subsidiary"] = doc.get("subsidiary") or company.get("subsidiary")
        if not doc["entityId"] or not doc["subsidiary"]:
            label, path = ("Subsidiary", "subsidiary") if doc["entityId"] else ("Contact Name", "entityId")
            raise Refused(missing_values(label, path=path))
        if any(one["id"] != doc["id"] for one in self.state.store.find("contact", entityId=doc["entityId"])):
            raise Refused(user_error("A contact record with this name already exists. DUP_ENTITY.", "entityId"))
        if writing.before is None:
            doc["dateCreated"] = stamp(writing.at)
        doc["lastModifiedDate"] = stamp(writing.at)
        self.state.save("contact", doc)

    def delete(self, doc: Doc, writing: Writing) -> None:
        """Nothing depends on a contact."""


class Relationships:
    """The keeper of customerSubsidiaryRelationship: further subsidiaries of a customer."""

    def __init__(self, state: State) -> None:
        self.state = state

    def write(self, doc: Doc, writing: Writing) -> None:
        """A customer has a subsidiary once; neither side changes afterwards."""
        for name, label in (("entity", "Entity"), ("subsidiary", "Subsidiary")):
            if not doc.get(name):
                raise Refused(missing_values(label, path=name))
            if writing.before is not None and doc[name] != writing.before[name]:
                raise Refused(invalid_value(name))
        twins = self.state.store.find("relationship", entity=doc["entity"])
        if any(one["subsidiary"] == doc["subsidiary"] and one["id"] != doc["id"] for one in twins):
            raise Refused(user_error(
                "This entity-subsidiary relationship already exists. DUP_RCRD.", "subsidiary"
            ))  # fmt: skip
        if writing.before is None:
            doc |= {"isPrimarySub": False, "createdDate": stamp(writing.at)}
        doc["lastModifiedDate"] = stamp(writing.at)
        self.state.save("relationship", doc)

    def delete(self, doc: Doc, writing: Writing) -> None:
        """The primary one stays, and one with transactions too."""
        del writing
        row = self.state.store.db.execute(
            "SELECT 1 FROM row_transaction WHERE entity = ? AND subsidiary = ?",
            (int(doc["entity"]), int(doc["subsidiary"])),
        ).fetchone()
        if doc.get("isPrimarySub") or row is not None:
            raise Refused(user_error("This record cannot be deleted because it has dependent records."))
