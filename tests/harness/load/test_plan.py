"""A load says what it will do, and nothing dirty is placed by a silent guess."""

from decimal import Decimal
from pathlib import Path

import pytest

from harness.load.mapping import Mapping, MappingError, load_mapping
from harness.load.plan import plan_load
from harness.load.sample import sample_export
from harness.load.table import TableError

ROOT = Path(__file__).parents[3]
EXPORT = ROOT / "scenarios/exports/crm-small"
FILES = sorted(EXPORT.glob("*.csv"))


@pytest.fixture
def mapping() -> Mapping:
    return load_mapping(ROOT / "scenarios/crm-export.mapping.yaml")


def test_the_committed_sample_is_what_its_generator_makes() -> None:
    assert {path.name: path.read_text() for path in FILES} == sample_export()


def test_a_clean_mapping_places_every_won_deal(mapping: Mapping) -> None:
    plan = plan_load(mapping, FILES)
    won = [line for line in (EXPORT / "sales_pipeline.csv").read_text().splitlines() if ",Won," in line]
    assert plan.problems == []
    assert len(plan.opportunities) == len(won)
    assert plan.total == sum(Decimal(line.rpartition(",")[2]) for line in won)
    assert sum(plan.by_month().values()) == plan.total
    assert {record.line[0] for record in plan.opportunities if record.line} == {p.key for p in plan.products}
    assert plan.unused_columns["sales_pipeline.csv"] == ["sales_agent", "engage_date"]
    assert "PH" in {record.fields["BillingCountry"] for record in plan.accounts}
    assert "technolgy" not in {record.fields["Industry"] for record in plan.accounts}


def test_day_and_month_swapped_is_seen(mapping: Mapping) -> None:
    mapping.opportunity.fields["CloseDate"].date = "%m-%d-%Y"
    plan = plan_load(mapping, FILES)
    assert plan.problems
    assert all("is not a date like %m-%d-%Y" in problem.reason for problem in plan.problems)
    assert all(problem.file == "sales_pipeline.csv" and problem.line > 1 for problem in plan.problems)


def test_pseudonyms_hide_names_and_keep_them_apart(mapping: Mapping) -> None:
    plain, hidden = plan_load(mapping, FILES), plan_load(mapping, FILES, pseudonymise="s")
    names = {record.fields["Name"] for record in plain.accounts}
    stand_ins = {record.fields["Name"] for record in hidden.accounts}
    assert not names & stand_ins
    assert len(stand_ins) == len(names)
    assert plan_load(mapping, FILES, pseudonymise="s").accounts == hidden.accounts
    assert not any(name in str(record.fields) for name in names for record in hidden.opportunities)


def write(folder: Path, pipeline: str) -> list[Path]:
    (folder / "accounts.csv").write_text((EXPORT / "accounts.csv").read_text())
    (folder / "sales_pipeline.csv").write_text(pipeline)
    return sorted(folder.glob("*.csv"))


HEADER = "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value\n"
ACCOUNT = (EXPORT / "accounts.csv").read_text().splitlines()[1].split(",")[0].strip('"')


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("A1,x,GTXPro,nobody,Won,,01-03-2017,5", "no account is called 'nobody'"),
        ("A1,x,GTXPro,,Won,,01-03-2017,5", "is empty and needed"),
        (f"A1,x,GTXPro,{ACCOUNT},Won,,01-03-2017,five", "'five' is not a number"),
        (f"A1,x,GTXPro,{ACCOUNT},Won,,01-03-2017,NaN", "is not a finite number"),
        (f"A1,x,GTXPro,{ACCOUNT},Won,,2017-03-01,5", "is not a date like %d-%m-%Y"),
        (f"A1,x,GTXPro,{ACCOUNT},Won,,,5", "is empty and needed"),
        (f",x,GTXPro,{ACCOUNT},Won,,01-03-2017,5", "the key is empty"),
        (f"A1,x,GTXPro,{ACCOUNT},Won,,01-03-2017", "7 cells where the header has 8"),
        (f"A1,x,GTXPro,{ACCOUNT},Won,,01-03-2017,5\nA1,x,GTXPro,{ACCOUNT},Won,,02-03-2017,6", "'A1' occurs twice"),
    ],
)
def test_a_row_that_cannot_be_placed_is_named(tmp_path: Path, mapping: Mapping, row: str, reason: str) -> None:
    plan = plan_load(mapping, write(tmp_path, HEADER + row + "\n"))
    assert len(plan.problems) == 1
    assert reason in str(plan.problems[0])


@pytest.mark.parametrize(
    ("pipeline", "reason"),
    [
        ("", "is empty; a header line is needed"),
        ("a,b\n1,2\n", "the mapping names"),
        ("a,a\n1,2\n", "a column name occurs twice"),
        (HEADER + '"half a cell', "unexpected end of data"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, mapping: Mapping, pipeline: str, reason: str) -> None:
    with pytest.raises(TableError, match=reason):
        plan_load(mapping, write(tmp_path, pipeline))


def test_a_missing_file_is_named(mapping: Mapping) -> None:
    with pytest.raises(TableError, match=r"needs accounts\.csv"):
        plan_load(mapping, [EXPORT / "sales_pipeline.csv"])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("title: [", "mapping.yaml:1:9: not valid YAML"),
        ("just text", "must be a mapping"),
        ("title: x", "account: Field required"),
        ("title: x\nfoo: 1", "Field required"),
        ("title: \xff", "is not UTF-8"),
    ],
)
def test_a_bad_mapping_is_refused_with_its_place(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(MappingError, match=reason):
        load_mapping(path)
