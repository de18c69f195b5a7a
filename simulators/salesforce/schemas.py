"""The org's schema in compiled form: objects and fields by case-insensitive name, relationships both ways."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from simulators.salesforce.declared import Declared
    from simulators.salesforce.formula.compiler import Formula
    from simulators.salesforce.rollups import RollUp

FieldType = Literal[
    "id", "string", "textarea", "picklist", "multipicklist", "email", "phone", "url", "boolean", "int", "double",
    "currency", "percent", "date", "datetime", "time", "reference", "autonumber", "address", "anyType",
    "complexvalue",
]  # fmt: skip
Family = Literal["text", "id", "number", "boolean", "date", "datetime", "time", "address"]

FAMILY: dict[str, Family] = {
    "id": "id", "reference": "id", "boolean": "boolean", "int": "number", "double": "number", "currency": "number",
    "percent": "number", "date": "date", "datetime": "datetime", "time": "time", "address": "address",
}  # fmt: skip
"""What a field's values are like; every type that is not listed holds text."""

ADDRESS_PARTS = ("Street", "City", "State", "PostalCode", "Country", "Latitude", "Longitude", "GeocodeAccuracy")


HISTORY = "017"
"""The key prefix that the histories of all objects share."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `length` counts characters; `precision` and `scale` digits."""

    name: str
    type: FieldType
    label: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    required: bool = False
    createable: bool = True
    updateable: bool = True
    default: Any = None
    values: tuple[str, ...] = ()
    restricted: bool = False
    unique: bool = False
    external_id: bool = False
    id_lookup: bool = False
    case_sensitive: bool = False
    targets: tuple[str, ...] = ()
    relationship: str = ""
    child: str = ""
    cascade: bool = False
    restrict: bool = False
    is_name: bool = False
    format: str = ""
    filterable: bool = True
    sortable: bool = True
    compound: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    controller: str = ""
    valid_for: tuple[tuple[str, tuple[str, ...]], ...] = ()
    of: str = ""
    formula: str = ""  # what it is calculated by, whenever somebody reads it
    blank_as_zero: bool = False
    calculated: bool = False  # by a formula, or there by what this org does not know

    @property
    def to(self) -> str:
        """The object that a reference leads to; the first one where it may lead to several."""
        return self.targets[0] if self.targets else ""

    @property
    def polymorphic(self) -> bool:
        """A reference to records of several objects."""
        return len(self.targets) > 1

    @property
    def family(self) -> Family:
        """What its values are like, as far as comparisons go."""
        return FAMILY.get(self.type, "text")

    @property
    def custom(self) -> bool:
        """Made by the org's owner, not by the vendor."""
        return self.name.endswith("__c")

    @property
    def indexed(self) -> bool:
        """Looked up often enough to deserve an index."""
        if self.formula or self.name in ("Id", "CreatedById", "LastModifiedById"):
            return False
        return self.type == "reference" or self.unique or self.external_id or self.id_lookup

    @property
    def defaulted(self) -> bool:
        """A value appears by itself on create."""
        return not self.formula and (self.default is not None or self.type == "boolean")


@dataclass(frozen=True, slots=True)
class Child:
    """A list of records on a parent: which object, by which of its fields."""

    name: str
    sobject: str
    field: Field


@dataclass
class SObject:
    """One object type; `fields` is keyed by lower-case name and keeps the declared order."""

    name: str
    label: str
    plural: str
    prefix: str
    writable: bool
    fields: dict[str, Field]
    parents: dict[str, Field] = field(default_factory=dict)  # lower-case relationship name -> reference field
    children: dict[str, Child] = field(default_factory=dict)  # lower-case list name -> child
    dependents: list[Child] = field(default_factory=list)  # every reference to this object, named list or not
    tracked: tuple[str, ...] = ()  # fields whose changes become rows of the history object
    history: str = ""  # the name of that object
    setting: bool = False  # a hierarchy custom setting: rows of the org, of profiles and of users
    declared: "Declared | None" = None  # its validation rules and field updates
    formulas: dict[str, "Formula"] = field(default_factory=dict)  # of its calculated fields, by name
    rollups: "list[RollUp]" = field(default_factory=list)  # what others keep of its records

    def __post_init__(self) -> None:
        self.defaults = {f.name: f.default for f in self.fields.values() if f.defaulted and f.type != "address"}
        for item in self.fields.values():
            if item.type == "boolean" and item.default is None and not item.formula:
                self.defaults[item.name] = False
        self.required = tuple(f.name for f in self.fields.values() if f.required)
        self.uniques = tuple(f for f in self.fields.values() if f.unique)
        self.references = tuple(f for f in self.fields.values() if f.type == "reference")
        self.autonumbers = tuple(f for f in self.fields.values() if f.type == "autonumber")
        self.addresses = tuple(f for f in self.fields.values() if f.type == "address")
        self.shown = tuple((f.name, False if f.type == "boolean" else None) for f in self.fields.values())
        self.booked = tuple((f.name, empty) for f, (_, empty) in zip(self.fields.values(), self.shown, strict=True)
                            if f.type != "address")  # fmt: skip
        self.numbers = tuple((f.name, f.type == "currency") for f in self.fields.values() if f.family == "number")
        self.calculated = tuple(f for f in self.fields.values() if f.formula)
        self.name_field = next((f for f in self.fields.values() if f.is_name), None)

    @property
    def custom(self) -> bool:
        """Made by the org's owner."""
        return self.name.endswith("__c")

    def get(self, name: str) -> Field | None:
        """The field of that name in any case."""
        return self.fields.get(name.lower())


class Schema:
    """All objects of the org at one moment; immutable once compiled."""

    def __init__(self, objects: Mapping[str, SObject], raw: Mapping[str, Any]) -> None:
        self.objects = dict(objects)  # lower-case name -> object
        self.raw = raw
        self.by_prefix = {sobject.prefix: sobject for sobject in self.objects.values() if sobject.prefix != HISTORY}
        self.plans: dict[Any, Any] = {}  # compiled queries live and die with the schema they were compiled for
        for sobject in self.objects.values():
            for item in sobject.references:
                self._link(sobject, item)

    def _link(self, sobject: SObject, item: Field) -> None:
        sobject.parents[item.relationship.lower()] = item
        for name in item.targets:
            target = self.objects[name.lower()]
            child = Child(item.child, sobject.name, item)
            target.dependents.append(child)
            if item.child:
                target.children[item.child.lower()] = child

    def get(self, name: str) -> SObject | None:
        """The object of that name in any case."""
        return self.objects.get(name.lower())

    def of_id(self, record_id: str) -> SObject | None:
        """The object that an id belongs to, by its key prefix."""
        return self.by_prefix.get(record_id[:3])

    @property
    def currencies(self) -> dict[str, dict[str, Any]]:
        """The active currencies: ISO code -> rate to the corporate one, decimals."""
        found: dict[str, dict[str, Any]] = self.raw["currencies"]
        return found

    @property
    def stages(self) -> list[list[Any]]:
        """Opportunity stages: name, default probability, forecast category, closed, won."""
        found: list[list[Any]] = self.raw["stages"]
        return found
