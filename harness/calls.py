"""What the core has asked of the systems, as its metrics say: calls by system and operation."""

import re
from collections import Counter

from harness.world import World

_CALLS = re.compile(r"^synccore_api_calls_total\{(?P<labels>[^}]*)\} (?P<count>[0-9.e+]+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')


async def calls_by_operation(world: World) -> Counter[str]:
    """Since the core was started; its polls are in there too. Keys: `<system> <operation>`."""
    status, text = await world.core("GET", "/metrics", None)
    if status != 200:
        raise RuntimeError(f"the core's metrics answered {status}")
    found: Counter[str] = Counter()
    for match in _CALLS.finditer(str(text)):
        labels = dict(_LABEL.findall(match["labels"]))
        found[f"{labels['system']} {labels['operation']}"] += int(float(match["count"]))
    return found


async def calls_of(world: World) -> int:
    """All of them."""
    return (await calls_by_operation(world)).total()
