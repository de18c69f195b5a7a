"""At month end the cloud ERP recognises all that is deferred, whatever the services' terms."""

from decimal import Decimal

from tests.broken import alter, stories

STORY = stories.recognised()
CAUGHT_BY = {"I32"}


def lie(hangar):
    def make(journal):
        def hasty(subsidiary, parts, month, at):
            whole = [(one, Decimal(one["totalAmount"]) - Decimal(one["amortizedAmount"])) for one, _ in parts]
            return journal(subsidiary, whole, month, at)

        return hasty

    return alter.member(hangar.systems["erp_cloud"].records._revenue, "_journal", make)
