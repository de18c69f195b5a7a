"""Asks the integration team to resolve whatever is wrong with a deal's master data."""

from dataclasses import replace

from synccore.bootstrap import Parts
from tests.broken import alter, swallows_findings

STORY = swallows_findings.STORY
CAUGHT_BY = {"I25"}


def change(parts: Parts) -> Parts:
    def elsewhere(ctx):
        return {
            "findings": lambda *facts: tuple(replace(one, owner_role="integration") for one in ctx.findings(*facts))
        }

    return alter.context(parts, elsewhere)
