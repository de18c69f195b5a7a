"""Sets every record aside once one did not fit, also those that have nothing to do with the changed field."""

from synccore.bootstrap import Parts
from synccore.ports.outcomes import Parked
from tests.broken import alter, stories

STORY = stories.demanded_field()
CAUGHT_BY = {"I16"}


def change(parts: Parts) -> Parts:
    seen = []

    def around(_name, real):
        async def run(under, argument):
            if seen:
                raise Parked(seen[0].reason, (seen[0],))
            try:
                await real(under, argument)
            except Parked as parked:
                seen.extend(finding for finding in parked.findings if finding.kind == "schema_drift")
                raise

        return run

    return alter.process(parts, around)
