"""The fidelity page tells the truth about what is there."""

from pathlib import Path

import simulators.erp_cloud
from simulators.erp_cloud.schemas import RECORD_TYPES
from simulators.erp_cloud.state import DEFAULTS
from simulators.erp_cloud.tables import REFERENCES
from tests.simulators.erp_cloud.world import World

PAGE = (Path(simulators.erp_cloud.__file__).parent / "FIDELITY.md").read_text()


def test_every_record_type_is_on_the_page() -> None:
    assert [record.name for record in RECORD_TYPES.values() if record.name not in PAGE] == []


def test_what_the_page_calls_absent_is_absent() -> None:
    world = World()
    for name in ("inventory", "vendor"):
        assert name in PAGE
        assert world.call("GET", f"/record/v1/{name}").status == 404


def test_preferences_named_on_the_page_exist() -> None:
    for name in ("taxTolerance", "taxDetailsRequired", "defaultPostingPeriod", "duplicateTranId", "taxRules", "holdMs"):
        assert name in PAGE and name in DEFAULTS


def test_every_table_of_suiteql_can_be_selected_whole() -> None:
    world = World()
    world.customer()
    world.invoice(tax="8.88")
    for table in REFERENCES:
        assert world.suiteql(f"SELECT * FROM {table}").status == 200, table
        for column in REFERENCES[table]:
            assert world.suiteql(f"SELECT BUILTIN.DF({column}) AS x FROM {table}").status == 200, (table, column)
