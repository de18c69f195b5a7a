"""Rules that the schema declares: validation rules and field updates, in the order in which a save obeys them."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulators.kit.fidelity import absent, approximate, exact
from simulators.kit.store import Doc
from simulators.salesforce.errors import ApiError, Problem
from simulators.salesforce.formula.compiler import Formula, Save, compile_formula
from simulators.salesforce.formula.values import FormulaError, truth, written
from simulators.salesforce.schemas import Field, Schema, SObject
from simulators.salesforce.values import Rejected, Unreadable, coerce

if TYPE_CHECKING:
    from simulators.salesforce.commit import Writer

exact(
    "Validation rules by formula (FIELD_CUSTOM_VALIDATION_EXCEPTION at a field or the record, all failing rules at "
    "once) and field updates before the save, declared in org.yaml and changed at run time",
    source="documented, reported", held_by="test_declared_rules, test_formula",
)  # fmt: skip
exact(
    "$User, $UserRole, $Profile, $Organization, $RecordType and $Setup (hierarchy custom settings: an object with "
    "`setting: true`) in formulas; VLOOKUP in validation rules (by the name of a custom "
    "object's record, the first one's value); what does not exist is refused when the rule is declared",
    source="documented", held_by="test_formula_everywhere",
)  # fmt: skip
exact(
    "refused formulas: `Syntax error. Found '…'`, `Missing ')'`, `Unknown function …. Check spelling.`, `Field … does "
    "not exist. Check spelling.`, `Incorrect number of parameters for function '…()'. Expected …, received …`",
    source="reported", held_by="test_formula",
)  # fmt: skip
approximate("Formulas", "an error in reckoning counts as blank; types of arguments are not checked beforehand")
absent(
    "field updates on other records, Apex; in formulas the variables $Permission, $CustomMetadata, $Label, $System and "
    "$Api; custom settings of type list"
)

_VALIDATION, _UPDATE = frozenset(("when", "message", "field", "active")), frozenset(("when", "on", "set", "active"))
_ON = ("create", "update")


@dataclass(frozen=True, slots=True)
class Validation:
    """Refuses a save while its condition holds."""

    when: Formula
    message: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Update:
    """Sets fields of the record that is being saved while its condition holds."""

    when: Formula | None
    on: tuple[str, ...]
    sets: tuple[tuple[Field, Formula], ...]


@dataclass(frozen=True, slots=True)
class Declared:
    """An object's active rules."""

    validations: tuple[Validation, ...]
    updates: tuple[Update, ...]


def compile_declared(schema: Schema, sobject: SObject, spec: dict[str, Any]) -> Declared | None:
    """The active rules of an object, or None without any; FormulaError names the rule that makes no sense."""
    validations = tuple(
        _validation(schema, sobject, rule)
        for name, rule in _each(sobject, spec, "validations", _VALIDATION, ("when", "message"))
    )
    updates = tuple(_update(schema, sobject, rule) for name, rule in _each(sobject, spec, "updates", _UPDATE, ("set",)))
    return Declared(validations, updates) if validations or updates else None


def _each(
    sobject: SObject, spec: dict[str, Any], kind: str, options: Set[str], needed: tuple[str, ...]
) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for name, rule in (spec.get(kind) or {}).items():
        place = f"{sobject.name}.{kind}.{name}"
        if not isinstance(rule, dict) or set(rule) - options or not all(rule.get(one) for one in needed):
            raise FormulaError(f"{place}: needs {', '.join(needed)} and takes {', '.join(sorted(options))}")
        if rule.get("active", True):
            found.append((place, rule))
    return found


def _validation(schema: Schema, sobject: SObject, rule: dict[str, Any]) -> Validation:
    field = rule.get("field")
    if field is not None and sobject.get(field) is None:
        raise FormulaError(f"{sobject.name} has no field {field}")
    fields = () if field is None else (sobject.fields[field.lower()].name,)
    when = compile_formula(str(rule["when"]), schema, sobject, validation=True)
    return Validation(when, str(rule["message"]), fields)


def _update(schema: Schema, sobject: SObject, rule: dict[str, Any]) -> Update:
    on = tuple(rule.get("on", _ON))
    if not on or any(one not in _ON for one in on):
        raise FormulaError(f"{sobject.name}: `on` is a list of create and update")
    sets = []
    for name, formula in rule["set"].items():
        item = sobject.get(name)
        if item is None or item.type in ("id", "address", "autonumber"):
            raise FormulaError(f"{sobject.name} has no field {name} that could be set")
        sets.append((item, compile_formula(str(formula), schema, sobject)))
    when = rule.get("when")
    return Update(None if when is None else compile_formula(str(when), schema, sobject), on, tuple(sets))


def run_updates(writer: Writer, sobject: SObject, new: Doc, old: Doc | None, given: Set[str]) -> Set[str]:
    """Let the field updates set what they set, each seeing what those before it did; returns all fields given now."""
    if sobject.declared is None or not sobject.declared.updates:
        return given
    touched = set(given)
    for update in sobject.declared.updates:
        save = Save(new, old, writer.how.at, writer.org, writer.how.user)
        if ("create" if old is None else "update") not in update.on:
            continue
        if update.when is not None and not truth(update.when(save)):
            continue
        for item, formula in update.sets:
            try:
                new[item.name] = coerce(sobject, item, written(formula(save)))
            except Rejected as rejected:
                raise ApiError(rejected.problem) from rejected
            except Unreadable as unreadable:
                message = f"The record couldn't be saved because it failed to trigger a flow: {unreadable}"
                raise ApiError(Problem("CANNOT_EXECUTE_FLOW_TRIGGER", message, ())) from unreadable
            touched.add(item.name)
    return touched


def validate(writer: Writer, sobject: SObject, new: Doc, old: Doc | None) -> None:
    """Refuse a record that breaks validation rules, with all of them."""
    if sobject.declared is None:
        return
    save = Save(new, old, writer.how.at, writer.org, writer.how.user)
    problems = [
        Problem("FIELD_CUSTOM_VALIDATION_EXCEPTION", rule.message, rule.fields)
        for rule in sobject.declared.validations
        if truth(rule.when(save))
    ]
    if problems:
        raise ApiError(problems)
