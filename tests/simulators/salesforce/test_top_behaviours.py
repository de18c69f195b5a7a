"""What integrations stumble over and no other module of this folder holds: each behaviour in a few lines."""

import pytest

from tests.simulators.salesforce.org import ROOT, Org, a_deal


@pytest.fixture(scope="module")
def org() -> Org:
    org = Org().login()
    org.act("alter_schema", change="add_field", object="Account", field="Tags__c",
            definition={"type": "multipicklist", "values": ["A", "B", "C"]})  # fmt: skip
    org.seed({
        "Account": [{"@": "a", "Name": "One", "Tags__c": "A;B", "Rating": "Cold"}, {"Name": "Two", "Tags__c": "B;C"},
                    {"Name": "Three", "Rating": "Hot"}],
        "Opportunity": [
            {"Name": "x", "AccountId": "@a", "StageName": "Qualification", "CloseDate": "2026-01-05", "Amount": 1},
            {"Name": "y", "StageName": "Closed Lost", "CloseDate": "2026-06-30", "IsPrivate": True},
        ],
    })  # fmt: skip
    return org


def names(org: Org, soql: str) -> list[str]:
    return [row["Name"] for row in org.rows(soql)]


# -- records ----------------------------------------------------------------------------------


def test_head_has_the_headers_of_get(org: Org):
    account = org.rows("SELECT Id FROM Account WHERE Name = 'One'")[0]["Id"]
    got, head = org.rest("GET", f"sobjects/Account/{account}"), org.rest("HEAD", f"sobjects/Account/{account}")
    assert head.status == 200 and head.headers["etag"] == got.headers["etag"]
    assert org.rest("HEAD", f"sobjects/Account/{account[:-4]}zzzz").status == 404


def test_an_object_says_itself_and_no_recent_items(org: Org):
    found = org.rest("GET", "sobjects/Account").json
    assert found["recentItems"] == [] and found["objectDescribe"]["name"] == "Account"


def test_a_custom_price_needs_the_standard_one_and_each_pair_has_one(org: Org):
    product, book = org.create("Product2", Name="P"), org.create("Pricebook2", Name="Partners")
    entry = {"Product2Id": product, "UnitPrice": 5}
    standard = org.system.org.standard_pricebook_id
    reply = org.rest("POST", "sobjects/PricebookEntry", {**entry, "Pricebook2Id": book})
    assert (reply.code, reply.message) == (
        "STANDARD_PRICE_NOT_DEFINED", "No standard price defined for this product",
    )  # fmt: skip
    for one in (standard, book):
        assert org.rest("POST", "sobjects/PricebookEntry", {**entry, "Pricebook2Id": one}).status == 201
        reply = org.rest("POST", "sobjects/PricebookEntry", {**entry, "Pricebook2Id": one})
        assert (reply.code, reply.message) == (
            "DUPLICATE_VALUE", "This price definition already exists in this price book",
        )  # fmt: skip
    assert org.create("PricebookEntry", **entry | {"Pricebook2Id": standard, "CurrencyIsoCode": "EUR"})


def test_what_is_read_only_is_not_written(org: Org):
    for sobject in ("Organization", "OpportunityStage", "AccountHistory", "CurrencyType"):
        assert org.rest("POST", f"sobjects/{sobject}", {}).code == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
    assert org.rest("DELETE", f"sobjects/User/{org.system.org.user_id}").code == "INSUFFICIENT_ACCESS_OR_READONLY"


def test_an_unknown_stage_is_open_at_nothing_and_a_given_probability_stays(org: Org):
    deal = {"Name": "odd", "StageName": "Haggling", "CloseDate": "2026-11-30", "Amount": 200, "Probability": 35}
    found = org.get("Opportunity", org.create("Opportunity", **deal))
    assert (found["StageName"], found["Probability"], found["ExpectedRevenue"]) == ("Haggling", 35, 70)
    assert (found["IsClosed"], found["ForecastCategory"], found["Fiscal"]) == (False, "Pipeline", "2026 4")
    org.rest("DELETE", f"sobjects/Opportunity/{found['Id']}")


def test_a_first_line_gives_the_deal_its_price_book_and_deleting_the_deal_takes_the_lines(org: Org):
    deal = a_deal(org)
    line = {"OpportunityId": deal["opportunity"], "Product2Id": deal["product"], "Quantity": 2}
    assert org.rest("POST", "sobjects/OpportunityLineItem", line | {"UnitPrice": 1, "TotalPrice": 2}).status == 400
    org.create("OpportunityLineItem", **line, TotalPrice=50)
    found = org.get("Opportunity", deal["opportunity"])
    assert (found["Pricebook2Id"], found["Amount"], found["HasOpportunityLineItem"]) == (deal["book"], 50, True)
    org.rest("DELETE", f"sobjects/Account/{deal['account']}")
    assert org.rows("SELECT Id FROM OpportunityLineItem") == []


# -- queries ----------------------------------------------------------------------------------


def test_multi_select_picklists(org: Org):
    for condition, found in (
        ("INCLUDES ('A')", ["One"]), ("INCLUDES ('A', 'C')", ["One", "Two"]), ("INCLUDES ('A;B', 'C;A')", ["One"]),
        ("EXCLUDES ('B')", ["Three"]), ("EXCLUDES ('A')", ["Two", "Three"]), ("= 'A;B'", ["One"]),
    ):  # fmt: skip
        assert names(org, f"SELECT Name FROM Account WHERE Tags__c {condition} ORDER BY Id") == found, condition
    assert org.query("SELECT Id FROM Account WHERE Name INCLUDES ('A')").code == "INVALID_QUERY_FILTER_OPERATOR"
    assert org.query("SELECT Id FROM Account ORDER BY Tags__c").code == "INVALID_FIELD"


def test_and_is_not_mixed_with_or_and_a_missing_boolean_is_false(org: Org):
    mixed = "SELECT Id FROM Opportunity WHERE Name = 'x' AND Amount = 1 OR Name = 'y'"
    assert org.query(mixed).code == "MALFORMED_QUERY"
    assert names(org, "SELECT Name FROM Opportunity WHERE IsPrivate = null") == ["x"]
    assert names(org, "SELECT Name FROM Opportunity WHERE IsPrivate != null") == ["y"]


def test_nulls_last_has_no_effect_on_a_look_up(org: Org):
    for direction in ("ASC", "DESC"):
        assert names(org, f"SELECT Name FROM Opportunity ORDER BY AccountId {direction} NULLS LAST") == ["y", "x"]
        assert names(org, f"SELECT Name FROM Opportunity ORDER BY Amount {direction} NULLS LAST") == ["x", "y"]


def test_least_and_most_of_a_picklist_go_by_its_set_up(org: Org):
    found = org.rows("SELECT MIN(Rating) least, MAX(Rating) most FROM Account")
    assert (found[0]["least"], found[0]["most"]) == ("Hot", "Cold")
    assert org.query("SELECT MAX(IsPrivate) FROM Opportunity").code == "MALFORMED_QUERY"
    assert org.query("SELECT SUM(Name) FROM Opportunity").code == "MALFORMED_QUERY"
    assert org.query("SELECT COUNT(Id) FROM Opportunity LIMIT 1").code == "MALFORMED_QUERY"


def test_groups_are_not_paged():
    org = Org().login()
    org.seed({"Account": [{"Name": f"A{number}"} for number in range(2_001)]})
    reply = org.query("SELECT Name, COUNT(Id) FROM Account GROUP BY Name")
    assert reply.code == "EXCEEDED_ID_LIMIT" and "queryMore()" in reply.message
    assert len(org.rows("SELECT Name, COUNT(Id) FROM Account GROUP BY Name LIMIT 2000")) == 2_000


def test_dates_are_unquoted_and_from_1700_to_4000(org: Org):
    assert names(org, "SELECT Name FROM Opportunity WHERE CloseDate = 2026-06-30") == ["y"]
    assert org.query("SELECT Id FROM Opportunity WHERE CloseDate = '2026-06-30'").code == "INVALID_FIELD"
    for day in ("1699-12-31", "4001-01-01", "2026-02-30"):
        assert org.query(f"SELECT Id FROM Opportunity WHERE CloseDate > {day}").code == "MALFORMED_QUERY"
        assert org.rest("POST", "sobjects/Opportunity", {"Name": "x", "CloseDate": day}).status == 400
    hours = "SELECT HOUR_IN_DAY(convertTimezone(CreatedDate)) h, COUNT(Id) n FROM Opportunity GROUP BY "
    assert org.rows(f"{hours}HOUR_IN_DAY(convertTimezone(CreatedDate))")[0]["h"] == 9


def test_limits_of_relationships(org: Org):
    five = "Account." + "Parent." * 4
    assert org.query(f"SELECT {five}Name FROM Opportunity").status == 200
    assert org.query(f"SELECT {five}Parent.Name FROM Opportunity").code == "MALFORMED_QUERY"
    lists = ["(SELECT Id FROM Contacts)"] * 21
    assert org.query(f"SELECT Id, {', '.join(lists)} FROM Account").code == "MALFORMED_QUERY"
    assert org.query("SELECT Id FROM Opportunity OFFSET 2000").status == 200
    assert org.query("SELECT Id FROM Opportunity OFFSET 2001").code == "NUMBER_OUTSIDE_VALID_RANGE"


def test_ids_of_15_characters_mind_their_case(org: Org):
    account = org.rows("SELECT Id FROM Account WHERE Name = 'One'")[0]["Id"]
    assert names(org, f"SELECT Name FROM Account WHERE Id = '{account[:15]}'") == ["One"]
    assert names(org, f"SELECT Name FROM Account WHERE Id = '{account[:15].swapcase()}'") == []
    assert names(org, f"SELECT Name FROM Account WHERE Id IN ('{account.lower()}')") == ["One"]


def test_any_version_from_20_up_and_a_slash_at_the_end(org: Org):
    for version in ("20.0", "45.0", "67.0", "68.0", "99.0"):
        assert org.call("GET", f"/services/data/v{version}/sobjects/").status == 200
    for version in ("19.0", "60", "60.1", "x"):
        assert org.call("GET", f"/services/data/v{version}/sobjects").status == 404
    assert org.call("GET", f"{ROOT}/limits/").headers["sforce-limit-info"].startswith("api-usage=")
