"""Stories as values: the model of a scenario, its world file, and the linter that names line and column."""

from harness.scenario.lint import load_story, read_story
from harness.scenario.model import STORIES, Disturbance, Expect, Scenario, Step
from harness.scenario.places import Complaint, StoryError
from harness.scenario.worldfile import WorldFile, load_world

__all__ = [
    "STORIES", "Complaint", "Disturbance", "Expect", "Scenario", "Step", "StoryError", "WorldFile", "load_story",
    "load_world", "read_story",
]  # fmt: skip
