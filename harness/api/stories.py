"""The stories of this checkout as the page offers them, and complaints about an edited one by line and column."""

from typing import Any

from harness.api.problem import Problem
from harness.cli.select import SCENARIOS, known_stories
from harness.scenario import Scenario, StoryError, read_story
from harness.scenario.places import Complaint


def listed() -> list[dict[str, Any]]:
    """All stories with their text; one that cannot be read is listed with what is wrong."""
    return [one(name) for name in known_stories()]


def one(name: str) -> dict[str, Any]:
    """A story with its text; Problem 404."""
    if name not in known_stories():
        raise Problem(404, f"there is no story '{name}'")
    text = (SCENARIOS / f"{name}.yaml").read_text(encoding="utf-8")
    return {"name": name, "text": text, **checked(text, f"{name}.yaml")}


def checked(text: str, file: str = "story.yaml") -> dict[str, Any]:
    """Title and steps of a story's text, or complaints."""
    try:
        story = read_story(text, file)
    except StoryError as error:
        return {"title": "", "about": "", "steps": [], "complaints": [_complaint(found) for found in error.complaints]}
    return {"title": story.title, "about": " ".join(story.about.split()), "steps": steps(story), "complaints": []}


def steps(story: Scenario) -> list[dict[str, Any]]:
    """What will happen, step by step."""
    return [
        {"number": number, "verb": step.verb, "line": step.line, "said": str(step)}
        for number, step in enumerate(story.steps, start=1)
    ]


def _complaint(found: Complaint) -> dict[str, Any]:
    return {"line": found.line, "column": found.column, "message": found.message}
