"""SOQL's complaints: the line, a caret under the place, its row and column, and what is wrong."""

from simulators.kit.fidelity import approximate
from simulators.salesforce.errors import ApiError, failed

approximate("error lines of SOQL", "show up to 240 characters around the caret; the vendor cuts elsewhere")

_WIDTH = 240  # of the shown line: a query may be 100,000 characters long


class SoqlError(Exception):
    """A refused query; `at` is a character offset into its text, or None where the vendor shows no place."""

    def __init__(self, code: str, message: str, at: int | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.at = code, message, at


def explain(error: SoqlError, text: str) -> ApiError:
    """The vendor's error for a query text."""
    if error.at is None:
        return failed(error.code, error.message)
    at = min(error.at, len(text))
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    line = text[start : len(text) if end < 0 else end]
    column = at - start
    first = max(0, column - _WIDTH // 2)
    shown = line[first : first + _WIDTH]
    row = text.count("\n", 0, at) + 1
    caret = " " * (column - first) + "^"
    return failed(error.code, f"\n{shown}\n{caret}\nERROR at Row:{row}:Column:{column + 1}\n{error.message}")


def unknown_field(name: str, sobject: str, at: int) -> SoqlError:
    """INVALID_FIELD for a column that does not exist."""
    message = (
        f"No such column '{name}' on entity '{sobject}'. If you are attempting to use a custom field, be sure "
        "to append the '__c' after the custom field name. Please reference your WSDL or the describe call for the "
        "appropriate names."
    )
    return SoqlError("INVALID_FIELD", message, at)


def unknown_relationship(name: str, at: int) -> SoqlError:
    """INVALID_FIELD for a parent path that leads nowhere."""
    message = (
        f"Didn't understand relationship '{name}' in field path. If you are attempting to use a custom "
        "relationship, be sure to append the '__r' after the custom relationship name. Please reference your WSDL or "
        "the describe call for the appropriate names."
    )
    return SoqlError("INVALID_FIELD", message, at)


def unknown_object(name: str, at: int) -> SoqlError:
    """INVALID_TYPE for an object that does not exist."""
    message = (
        f"sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to append the "
        "'__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names."
    )
    return SoqlError("INVALID_TYPE", message, at)


def malformed(message: str, at: int | None = None) -> SoqlError:
    """MALFORMED_QUERY."""
    return SoqlError("MALFORMED_QUERY", message, at)
