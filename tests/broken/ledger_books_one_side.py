"""The cloud ERP books a payment on one side only."""

from tests.broken import alter, stories

STORY = stories.transfer()
CAUGHT_BY = {"I28"}


def lie(hangar):
    system = hangar.systems["erp_cloud"]

    def make(create):
        def lopsided(record, values, role, at, key=""):
            made = create(record, values, role, at, key)
            if record.name == "customerPayment":
                system.store.db.execute(
                    "DELETE FROM row_gl WHERE tx = ? AND line = (SELECT max(line) FROM row_gl WHERE tx = ?)",
                    (int(made), int(made)),
                )
            return made

        return lopsided

    return alter.member(system.records, "create", make)
