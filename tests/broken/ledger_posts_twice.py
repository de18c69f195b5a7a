"""The cloud ERP posts one invoice twice: the second without our key, under the same document number."""

from tests.broken import alter, stories

STORY = stories.transfer()
CAUGHT_BY = {"I1", "I5"}


def lie(hangar):
    def make(create):
        def eager(record, values, role, at, key=""):
            made = create(record, values, role, at, key)
            if record.name == "invoice":
                create(record, {name: value for name, value in values.items() if name != "externalId"}, role, at)
            return made

        return eager

    return alter.member(hangar.systems["erp_cloud"].records, "create", make)
