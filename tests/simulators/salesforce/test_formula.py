"""The formula language: one row a rule of it, evaluated on one save."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.salesforce.formula.compiler import Save, compile_formula
from simulators.salesforce.formula.values import FormulaError, written
from tests.simulators.salesforce.org import GENESIS, Org

OLD = {"Id": "006x", "Name": "Deal", "StageName": "Prospecting", "Amount": 100.0, "CloseDate": "2026-03-31"}
NEW = {**OLD, "StageName": "Closed Won", "Amount": 120.5, "NextStep": "call Ann", "IsPrivate": True,
       "CreatedDate": "2026-01-01T12:00:00.000+0000"}  # fmt: skip


@pytest.fixture(scope="module")
def org() -> Org:
    org = Org().login()
    NEW["AccountId"] = org.create("Account", Name="Acme", Site="HQ", NumberOfEmployees=7)
    return org


def result(org: Org, text: str, old: dict[str, Any] | None = OLD) -> Any:
    data = org.system.org
    value = compile_formula(text, data.schema, data.spec("Opportunity"))(Save(NEW, old, GENESIS, data))
    return written(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7), ("(1 + 2) * 3", 9), ("2 ^ 3 ^ 2", 64), ("-2 + 5", 3), ("7 / 2", 3.5), ("1 / 0", None),
        ("Amount - 0.5", 120), ("Amount > 100 && Amount < 200", True), ("Probability > 1", False),
        ("Probability = NULL", True), ('Name = "deal"', False), ('NAME = "Deal"', True), ("Probability + 1", None),
        ("AND(true, TRUE, 1 = 1)", True), ("OR(false, Amount = 1)", False), ("NOT(IsPrivate)", False), ("!false", True),
        ("ISBLANK(Description)", True), ("ISBLANK(Amount)", False), ("ISNULL(Probability)", True),
        ('ISPICKVAL(StageName, "Closed Won")', True), ("ISCHANGED(StageName)", True), ("ISCHANGED(Name)", False),
        ("ISNEW()", False), ('PRIORVALUE(StageName) = "Prospecting"', True), ("PRIORVALUE(Amount)", 100),
        ('TEXT(StageName) & "/" & TEXT(Amount)', "Closed Won/120.5"), ('VALUE("12.50")', 12.5), ('VALUE("x")', None),
        ("TODAY()", "2026-01-05"), ("CloseDate - TODAY()", 85), ("TODAY() + 30", "2026-02-04"),
        ("NOW()", "2026-01-05T09:00:00Z"), ("NOW() - CreatedDate", 3.875), ("CloseDate > TODAY()", True),
        ("NOW() > TODAY()", False), ("DATE(2026, 2, 30)", None), ("DATEVALUE(CreatedDate)", "2026-01-01"),
        ("YEAR(CloseDate) * 100 + MONTH(CloseDate)", 202603), ("WEEKDAY(TODAY())", 2),
        ("ADDMONTHS(CloseDate, 1)", "2026-04-30"), ("ADDMONTHS(DATE(2026, 1, 30), 1)", "2026-02-28"),
        ('IF(Amount > 100, "big", "small")', "big"), ('CASE(StageName, "X", 1, "Closed Won", 2, 3)', 2),
        ('CASE(StageName, "X", 1, 3)', 3), ("LEN(Name)", 4), ("LEN(Description)", 0),
        ('REGEX(Name, "[A-Z][a-z]+")', True), ('REGEX(Name, "[a-z]+")', False), ('BEGINS(NextStep, "call")', True),
        ('CONTAINS(NextStep, "Ann")', True), ('UPPER(LEFT(Name, 2)) & MID(Name, 3, 1)', "DEa"),
        ('SUBSTITUTE(NextStep, "Ann", "Bob")', "call Bob"), ('FIND("l", NextStep)', 3), ('RIGHT(Name, 2)', "al"),
        ("ROUND(2.345, 2)", 2.35), ("MAX(1, Amount, 3)", 120.5), ("MOD(7, 3)", 1), ("CEILING(1.2) + FLOOR(1.8)", 3),
        ("BLANKVALUE(Probability, 5)", 5), ('Account.Site & "!"', "HQ!"), ("Account.NumberOfEmployees + 1", 8),
        ("Account.Parent.Name", None), ('"it\\"s" & \'x\' /* comment */', 'it"sx'), ("ABS(-3)", 3),
    ],
)  # fmt: skip
def test_a_formula(org: Org, text: str, expected: object):
    assert result(org, text) == expected


def test_a_new_record_has_no_former_state(org: Org):
    assert result(org, "ISNEW()", None) is True
    assert result(org, "ISCHANGED(StageName)", None) is False
    assert result(org, "PRIORVALUE(Amount)", None) == 120.5


@pytest.mark.parametrize(
    ("text", "why"),
    [("Nope__c = 1", "Field Nope__c does not exist. Check spelling."), ("Acct.Name", "Field Acct.Name does not exist"),
     ("FOO(1)", "Unknown function FOO. Check spelling."),
     ("LEN()", r"Incorrect number of parameters for function 'LEN\(\)'. Expected 1, received 0"),
     ("IF(true, 1, 2, 3)", "Expected 3, received 4"), ("ISCHANGED(Account.Name)", "field of the record itself"),
     ("1 +", "Syntax error. Found 'end of formula'"), ("", "Found 'end of formula'"), ("(1 + 2", r"Missing '\)'"),
     ("1 2", "Syntax error. Found '2'"), ("(" * 3_000, "Syntax error"), ("'x", "Syntax error. Found"),
     ("1" * 6_000, "5000 characters")],
)  # fmt: skip
def test_a_formula_that_makes_no_sense_is_refused_when_it_is_declared(org: Org, text: str, why: str):
    with pytest.raises(FormulaError, match=why):
        result(org, text)


PARTS = ["Amount", "Name", "CloseDate", "CreatedDate", "IsPrivate", "Probability", "1", "0", "2.5", '"x"', "null",
         "TODAY()", "NOW()", "-Amount", "999999999999"]  # fmt: skip
ONE = ["LEN", "TEXT", "VALUE", "YEAR", "UPPER", "ABS", "ISBLANK", "NOT", "FLOOR", "DATEVALUE"]
TWO = ["LEFT", "ROUND", "MOD", "ADDMONTHS", "MAX", "REGEX", "CONTAINS"]
SIGNS = ["+", "-", "*", "/", "^", "&", "=", "<", ">", "<>", "&&", "||"]


def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return (
        st.tuples(inner, st.sampled_from(SIGNS), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})")
        | st.tuples(st.sampled_from(ONE), inner).map(lambda t: f"{t[0]}({t[1]})")
        | st.tuples(st.sampled_from(TWO), inner, inner).map(lambda t: f"{t[0]}({t[1]}, {t[2]})")
    )


expressions = st.recursive(st.sampled_from(PARTS), larger, max_leaves=6)


@given(expressions)
@settings(max_examples=200, deadline=None)
def test_whatever_types_meet_a_formula_has_a_value(org: Org, text: str):
    result(org, text)
