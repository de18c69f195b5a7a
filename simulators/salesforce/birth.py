"""What an org is born with: its organisation row, one user, currencies, stages and the standard price book."""

from simulators.salesforce.rules.opportunity import CATEGORY_NAMES
from simulators.salesforce.state import OrgState


def begin(org: OrgState, at: float, username: str) -> None:
    """Fill a fresh store that already has its schema."""
    profile = org.put_plain("Profile", {"Name": "System Administrator", "UserType": "Standard"}, at, "")
    user = {
        "Username": username, "LastName": "User", "FirstName": "Integration", "Name": "Integration User",
        "Email": username, "Alias": "integ", "ProfileId": profile["Id"],
    }  # fmt: skip
    by = org.put_plain("User", user, at, "")["Id"]
    organisation = {
        "Name": "Windtunnel", "OrganizationType": "Developer Edition", "InstanceName": "WT1", "IsSandbox": True,
        "DefaultCurrencyIsoCode": next(iter(org.schema.currencies)), "DefaultLocaleSidKey": "en_US",
        "TimeZoneSidKey": "GMT", "FiscalYearStartMonth": 1,
    }  # fmt: skip
    org.put_plain("Organization", organisation, at, by)
    complete(org, at)
    org.put_plain("Pricebook2", {"Name": "Standard Price Book", "IsStandard": True, "IsActive": True}, at, by)


def complete(org: OrgState, at: float) -> None:
    """Add the rows of currencies and stages that the schema has and the org has not."""
    by = org.user_id
    currencies = {row["IsoCode"] for row in org.every("CurrencyType")}
    for place, (code, currency) in enumerate(org.schema.currencies.items()):
        row = {
            "IsoCode": code, "ConversionRate": float(currency["rate"]), "DecimalPlaces": currency["decimals"],
            "IsActive": True, "IsCorporate": place == 0,
        }  # fmt: skip
        if code not in currencies:
            org.put_plain("CurrencyType", row, at, by)
    stages = {row["ApiName"] for row in org.every("OpportunityStage")}
    for order, (name, probability, category, closed, won) in enumerate(org.schema.stages, 1):
        row = {
            "MasterLabel": name, "ApiName": name, "IsActive": True, "SortOrder": order, "IsClosed": closed,
            "IsWon": won, "ForecastCategory": category, "ForecastCategoryName": CATEGORY_NAMES[category],
            "DefaultProbability": float(probability),
        }  # fmt: skip
        if name not in stages:
            org.put_plain("OpportunityStage", row, at, by)
