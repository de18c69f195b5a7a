"""Swallows what is wrong with a deal's master data and activates it all the same."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.story(
    "unregistered",
    "customer: {id: merlion, name: Merlion Freight, entity: SG, country: SG, city: Singapore, pays_by: transfer}",
    "customer: {id: hudson, name: Hudson Analytics, entity: US, country: US, state: NY, city: New York, pays_by: card}",
    "deal: {id: merlion-1, customer: merlion, lines: [{sku: PLAT-ANNUAL, quantity: 6}]}",
    "deal: {id: hudson-1, customer: hudson, lines: [{sku: PLAT-ANNUAL, quantity: 2}]}",
    "close: [merlion-1, hudson-1]",
    "settle",
    "pay_by_card: hudson-1",
    "settle",
    expect="expect: {exceptions: [missing_tax_profile], dead_letters: 0, deals: {merlion-1: won, hudson-1: paid}}",
)
CAUGHT_BY = {"story"}


def change(parts: Parts) -> Parts:
    return alter.context(parts, lambda ctx: {"findings": lambda *facts: ()})
