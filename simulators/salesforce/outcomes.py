"""Many writes in one call: each row by itself or all together, and what became of each."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from simulators.kit.store import Store
from simulators.salesforce.commit import ManyMatch
from simulators.salesforce.errors import ApiError, Problem

ROLLED_BACK = Problem(
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "Record rolled back because not all records were valid and the request was using AllOrNone header",
    (),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One row: its id and whether it is new (None where that makes no sense), or its problems."""

    id: str | None = None
    created: bool | None = None
    problems: tuple[Problem, ...] = ()

    def shown(self) -> dict[str, Any]:
        """The row of a collections answer."""
        if self.problems:
            return {"success": False, "errors": [problem.row() for problem in self.problems]}
        found: dict[str, Any] = {"id": self.id, "success": True, "errors": []}
        return found if self.created is None else found | {"created": self.created}


Step = Callable[[], Outcome]


class _Undo(Exception):
    """Rolls the whole call back."""


def perform(store: Store, steps: Iterable[Step], all_or_none: bool) -> list[Outcome]:
    """Run the steps in order, each atomic; with `all_or_none` one failure undoes them all.

    An error of the request itself (ApiError.whole) is raised and undoes everything.
    """
    outcomes: list[Outcome] = []
    try:
        with store.transaction():
            outcomes += [_one(step) for step in steps]
            if all_or_none and any(outcome.problems for outcome in outcomes):
                raise _Undo
    except _Undo:
        return [outcome if outcome.problems else Outcome(problems=(ROLLED_BACK,)) for outcome in outcomes]
    return outcomes


def _one(step: Step) -> Outcome:
    try:
        return step()
    except ManyMatch as many:
        ids = ", ".join(many.ids)
        problem = Problem("DUPLICATE_EXTERNAL_ID", f"External ID value matches more than one record: {ids}", ())
        return Outcome(problems=(problem,))
    except ApiError as error:
        if error.whole:
            raise
        return Outcome(problems=error.problems)


def repeated(keys: Sequence[str | None]) -> set[str]:
    """External ids given more than once in one call, folded: the vendor refuses all rows that carry them."""
    counts = Counter(key.lower() for key in keys if key)
    return {key for key, count in counts.items() if count > 1}


def refuse_repeated(key: str, field: str) -> Outcome:
    """The outcome of a row whose external id occurs more than once."""
    message = f"Duplicate external id specified: {key}"
    return Outcome(problems=(Problem("DUPLICATE_VALUE", message, (field,)),))
