"""A story as a YAML file that a person can read and commit: one line a step."""

from datetime import UTC, datetime
from typing import Any

import yaml

from harness.scenario import Scenario

_WIDTH = 10_000  # a step is one line
_LONG = ("steps", "disturbances")
_DURATIONS = frozenset(("by", "within", "lasts", "delay", "retry_after", "restart_after"))
_MOMENTS = frozenset(("genesis", "until", "at"))


def as_yaml(scenario: Scenario) -> str:
    """The story's file."""
    return text_of({name: value for name, value in scenario.to_json().items() if value not in ({}, [], "")})


def text_of(story: dict[str, Any]) -> str:
    """The file of a story given as its members."""
    lines = []
    for name, value in story.items():
        if name in _LONG:
            lines += [f"{name}:", *(f"  - {_step(one)}" for one in value)]
        else:
            lines.append(f"{name}: {_line(_said(name, value))}")
    return "\n".join(lines) + "\n"


def _step(one: dict[str, Any]) -> str:
    if len(one) != 1:
        return _line(_said("", one))
    verb, facts = next(iter(one.items()))
    return f"{verb}: {_line(_said(verb, facts))}" if facts else str(verb)


def _line(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=_WIDTH, allow_unicode=True)
    return text.strip().removesuffix("\n...").strip()


def _said(name: str, value: Any) -> Any:
    """Seconds as people say them: 2d, 45s; epoch seconds as dates."""
    if isinstance(value, dict):
        return {key: _said(key, one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_said(name, one) for one in value]
    if isinstance(value, float) and name in _DURATIONS:
        return _duration(value)
    if isinstance(value, float) and name in _MOMENTS:
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return value


def _duration(seconds: float) -> str | float:
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        if seconds and seconds % size == 0:
            return f"{int(seconds // size)}{unit}"
    return seconds
