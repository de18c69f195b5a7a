"""The cloud ERP answers 204 to an invoice and has lost it a moment later."""

from tests.broken import alter, stories

STORY = stories.transfer()
CAUGHT_BY = {"I2", "I5"}


def lie(hangar):
    records = hangar.systems["erp_cloud"].records

    def make(create):
        def forgetful(record, values, role, at, key=""):
            made = create(record, values, role, at, key)
            if record.name == "invoice":
                records.delete(record, records.find(record, made), role, at)
            return made

        return forgetful

    return alter.member(records, "create", make)
