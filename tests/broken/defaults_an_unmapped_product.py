"""Posts a product that nobody has mapped as some default product instead of parking the deal."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.story(
    "unmapped",
    "customer: {id: lake, name: Lakeside Logistics, entity: US, country: US, state: IL, city: Chicago}",
    "deal: {id: lake-1, customer: lake, lines: [{sku: PLAT-ANNUAL, quantity: 6}, {sku: ONBOARD}]}",
    "deal: {id: lake-2, customer: lake, lines: [{sku: PLAT-ANNUAL, quantity: 2}]}",
    "close: [lake-1, lake-2]",
    "settle",
    "transfer: lake-2",
    "settle",
    head="mappings: {items: {ONBOARD: {kind: charge, platform_item: onboarding, prices: {}, erp_item: ''}}}",
    expect="expect: {exceptions: [erp_item_missing], dead_letters: 0, deals: {lake-1: won, lake-2: paid}}",
)
CAUGHT_BY = {"story"}


def change(parts: Parts) -> Parts:
    def members(mappings):
        def get(kind, key):
            value = mappings.get(kind, key)
            if kind == "items" and value and not value["erp_item"]:
                return {**value, "prices": {"USD": "onboarding-USD"}, "erp_item": "SUB-PLATFORM"}
            return value

        def all_of(kind):
            return {key: get(kind, key) for key in mappings.all(kind)}

        return {"get": get, "all": all_of}

    return alter.store(parts, "mappings", members)
