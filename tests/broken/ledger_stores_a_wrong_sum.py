"""The cloud ERP stores an invoice line with a cent too much."""

from decimal import Decimal

from tests.broken import alter, stories

STORY = stories.transfer()
CAUGHT_BY = {"I4", "I5"}


def lie(hangar):
    def make(create):
        def greedy(record, values, role, at, key=""):
            if record.name == "invoice":
                first, *others = values["item"]
                more = {**first, "amount": str(Decimal(str(first["amount"])) + Decimal("0.01"))}
                values = {**values, "item": [more, *others]}
            return create(record, values, role, at, key)

        return greedy

    return alter.member(hangar.systems["erp_cloud"].records, "create", make)
