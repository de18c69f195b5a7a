"""Takes its idempotency key from a counter instead of the business fact, so that a resend is a new request."""

from itertools import count

from synccore.bootstrap import Parts
from synccore.domain.keys import Keys
from tests.broken import alter, stories

STORY = stories.transfer(
    "{id: slow, system: subscriptions, kind: slow_applied, operation: invoice.record_payment, delay: 45s}",
    amounts=("20000",),
)
CAUGHT_BY = {"I1", "I4", "I5"}


def change(parts: Parts) -> Parts:
    numbers = count(1)

    class Counted(Keys):
        def idempotency(self, effect_key: str) -> str:
            return f"request-{next(numbers)}"

    return alter.context(parts, lambda ctx: {"keys": Counted()})
