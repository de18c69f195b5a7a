"""From a mapping file and an export's files to a plan, with one kind of refusal for all that can be wrong with them."""

from collections.abc import Iterable
from pathlib import Path

from harness.load.mapping import MappingError, load_mapping
from harness.load.plan import LoadPlan, plan_load
from harness.load.table import TableError

SHOWN = 20  # problems that are told one by one


class Unusable(ValueError):
    """Mapping or files cannot be used as they are; the message says where and why."""


def read_plan(mapping: Path, files: Iterable[Path], pseudonymise: str | None = None) -> LoadPlan:
    """What the files hold by the mapping; Unusable when one of them cannot be read at all."""
    try:
        return plan_load(load_mapping(mapping), files, pseudonymise)
    except (MappingError, TableError) as error:
        raise Unusable(str(error)) from error


def placed_plan(mapping: Path, files: Iterable[Path], pseudonymise: str | None = None) -> LoadPlan:
    """The same, and Unusable as well when a single row cannot be placed."""
    plan = read_plan(mapping, files, pseudonymise)
    if plan.problems:
        raise Unusable("\n".join(told(plan)))
    return plan


def told(plan: LoadPlan) -> list[str]:
    """The first problems, one a line, and how many there are in all."""
    count = len(plan.problems)
    lines = [f"{count} {'thing' if count == 1 else 'things'} in the export cannot be placed:"]
    lines += [f"  {problem}" for problem in plan.problems[:SHOWN]]
    if count > SHOWN:
        lines.append(f"  … and {count - SHOWN} more")
    return lines
