"""The mapping file: which column of which file becomes which field, how dates are written, what is translated."""

from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator


class MappingError(ValueError):
    """The mapping file cannot be used; the message names file, place and what would be right."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class FieldRule(_Strict):
    """Where a field's value comes from: a column, a fixed value, joined columns, or another object's row."""

    column: str | None = None
    value: Any = None
    join: list[str] | None = None
    separator: str = Field(default=" ", alias="with")
    date: str | None = None  # strptime format: the result is an ISO date
    number: bool = False
    translate: dict[str, str] = Field(default_factory=dict)
    default: str | None = None  # for an empty cell
    required: bool = False
    lookup: str | None = None  # an object of this mapping: the cell holds that object's key
    person: bool = False  # a personal or company name: pseudonymised on request

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        sources = [self.column is not None, self.value is not None, self.join is not None]
        if sum(sources) != 1:
            raise ValueError("give exactly one of `column`, `value` or `join`")
        return self


def _rule(raw: Any) -> Any:
    """`Name: account` is short for `Name: {column: account}`."""
    return {"column": raw} if isinstance(raw, str) else raw


Rule = Annotated[FieldRule, BeforeValidator(_rule)]


class LineRule(_Strict):
    """The one product line of each opportunity."""

    product: Rule
    quantity: Rule = FieldRule(value=1)
    unit_price: Rule


class ObjectRule(_Strict):
    """One object: the rows of a file that a filter lets through, one record per distinct key."""

    file: str
    key: str
    where: dict[str, list[str] | str] = Field(default_factory=dict)
    fields: dict[str, Rule]
    line: LineRule | None = None

    def admits(self, row: dict[str, str]) -> bool:
        """Is the row among those that are loaded?"""
        for column, wanted in self.where.items():
            if row.get(column, "") not in ([wanted] if isinstance(wanted, str) else wanted):
                return False
        return True


class Mapping(_Strict):
    """The whole mapping; objects are loaded in the order Account, Product2, Opportunity."""

    title: str
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    encoding: str = "utf-8-sig"
    currency: str = "USD"
    account: ObjectRule
    product: ObjectRule
    opportunity: ObjectRule

    @model_validator(mode="after")
    def _lines(self) -> Self:
        if self.opportunity.line is None:
            raise ValueError("opportunity needs a `line`: what was sold, how many, at which price")
        return self


def load_mapping(path: Path) -> Mapping:
    """Read a mapping file; MappingError says file, line or field, and what is wrong."""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise MappingError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise MappingError(f"{path}: is not UTF-8 text: {error.reason} at byte {error.start}") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise MappingError(f"{place}: not valid YAML: {error.problem}") from error
    if not isinstance(raw, dict):
        raise MappingError(f"{path}: must be a mapping with title, account, product and opportunity")
    try:
        return Mapping.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        raise MappingError(f"{path}: {place}: {first['msg']}{more}") from error
