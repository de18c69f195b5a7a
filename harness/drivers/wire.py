"""How people's clients talk: one request, JSON or form, and a failure that says who answered what."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from harness.world import Reply, SystemName, Unreachable, World

PATIENCE = 3  # tries of a request that was certainly not applied (a limit, a dead session)


class StepFailed(Exception):
    """A step of the story could not be done; the message says why in words."""


def form(fields: Mapping[str, Any]) -> bytes:
    """A URL-encoded form."""
    return urlencode({name: str(value) for name, value in fields.items()}).encode()


def answer_of(reply: Reply) -> Any:
    """The JSON body, or None."""
    try:
        return json.loads(reply.body) if reply.body else None
    except ValueError:
        return None


def refused(system: str, what: str, reply: Reply) -> StepFailed:
    """A failure with the system's own words."""
    return StepFailed(f"{system} answered {reply.status} to {what}: {reply.body[:300].decode('utf-8', 'replace')}")


async def ask(
    world: World, system: SystemName, method: str, path: str, headers: Mapping[str, str], body: bytes = b""
) -> Reply:
    """Send; a limit answer (429, or Salesforce's 403) is waited out a few times, as a person would."""
    for attempt in range(PATIENCE):
        try:
            reply = await world.call(system, method, path, headers, body)
        except Unreachable as error:
            raise StepFailed(f"{system} gave no answer to {method} {path}: {error}") from error
        limited = reply.status == 429 or (reply.status == 403 and b"REQUEST_LIMIT_EXCEEDED" in reply.body)
        if not limited or attempt == PATIENCE - 1:
            return reply
        await asyncio.sleep(float(reply.headers.get("retry-after", "1")))
    raise AssertionError("unreachable")
