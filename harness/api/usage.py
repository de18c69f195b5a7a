"""A usage file that a visitor brings: checked as a whole before a single row is sent, and never sent twice."""

import hashlib
from pathlib import Path

from harness.api.problem import Problem
from harness.drivers import StepFailed
from harness.drivers.usage import usage_export
from harness.stack.home import home, private_folder


def taken(text: str, name: str) -> Path:
    """Keep the file under a name made of its content; Problem 422 with line and column of what is wrong."""
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    path = private_folder(home() / "uploads") / f"{digest}.csv"
    path.write_text(text, encoding="utf-8")
    try:
        rows = usage_export(path)
    except StepFailed as error:
        path.unlink()
        words = str(error).replace(path.name, name)
        raise Problem(422, f"{words}. Nothing was sent.", [{"at": name, "problem": words}]) from None
    if not rows:
        raise Problem(422, f"{name} has no rows. Nothing was sent.")
    return path
