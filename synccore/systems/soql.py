"""The SOQL texts of the core and the quoting of values in them."""

from collections.abc import Collection, Iterable

ADDRESS = ("Street", "City", "State", "PostalCode", "Country")
ACCOUNT_FIELDS = (
    "Id", "Name", "Selling_Entity__c", "Tax_Id__c",
    *(f"Billing{part}" for part in ADDRESS), *(f"Shipping{part}" for part in ADDRESS),
)  # fmt: skip
DEAL_FIELDS = (
    "Id", "Name", "AccountId", "IsWon", "IsClosed", "Amount", "CurrencyIsoCode", "CloseDate", "Contract_Start_Date__c",
    "Contract_Term_Months__c", "Payment_Method__c", "PO_Number__c", "Type", "ContractId", "SystemModstamp",
)  # fmt: skip
STATUS_FIELDS = ("Subscription_Id__c", "Sync_Status__c", "Sync_Error__c")
LINE_FIELDS = ("Id", "Quantity", "UnitPrice", "TotalPrice", "ServiceDate", "Product2.ProductCode", "Product2.Name")
MILESTONE_FIELDS = ("Id", "Name", "CurrencyIsoCode", "Amount__c", "Status__c")
_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}


def quote(text: str) -> str:
    """A SOQL string literal."""
    return "'" + "".join(_ESCAPES.get(char, char) for char in text) + "'"


def deal(opportunity_id: str) -> str:
    """One opportunity with its account and lines in one query."""
    fields = [*DEAL_FIELDS, *STATUS_FIELDS, *(f"Account.{name}" for name in ACCOUNT_FIELDS)]
    fields.append("Contract.Subscription_Id__c")
    lines = f"(SELECT {', '.join(LINE_FIELDS)} FROM OpportunityLineItems ORDER BY Id)"
    return f"SELECT {', '.join(fields)}, {lines} FROM Opportunity WHERE Id = {quote(opportunity_id)}"


def account(account_id: str) -> str:
    """One account."""
    return f"SELECT {', '.join(ACCOUNT_FIELDS)} FROM Account WHERE Id = {quote(account_id)}"


def collection_notes(account_id: str) -> str:
    """What people noted with an account about its debts."""
    return f"SELECT Id, Promise_To_Pay__c, Disputed_Invoices__c FROM Account WHERE Id = {quote(account_id)}"


def merged_accounts(ids: Iterable[str]) -> str:
    """Accounts and what was merged into them or they into; for queryAll: the losers of a merge are deleted."""
    names = ", ".join(quote(one) for one in ids)
    return f"SELECT Id, MasterRecordId FROM Account WHERE Id IN ({names}) OR MasterRecordId IN ({names})"


def changed_deals(since: str, without: Collection[str] = ()) -> str:
    """Opportunities by change stamp: won ones, lost ones about a contract, and those that the core has taken up, which
    may have been won no longer.
    """
    return _deals(f"SystemModstamp >= {since}" if since else "", without)


def deals(ids: Collection[str], without: Collection[str] = ()) -> str:
    """Of these opportunities those that `changed_deals` would tell."""
    return _deals(_among(ids), without)


def _among(ids: Collection[str]) -> str:
    return f"Id IN ({', '.join(quote(one) for one in ids)})"


def _deals(also: str, without: Collection[str]) -> str:
    which = ["IsWon = true", "(IsClosed = true AND ContractId != null)"]
    if "Sync_Status__c" not in without:
        which.append("Sync_Status__c != null")
    condition = f"({' OR '.join(which)})" + (f" AND {also}" if also else "")
    fields = ", ".join(name for name in DEAL_FIELDS if name not in without)
    return f"SELECT {fields} FROM Opportunity WHERE {condition} ORDER BY SystemModstamp, Id"


def changed_accounts(since: str, without: Collection[str] = ()) -> str:
    """Accounts by change stamp."""
    return _accounts(f" WHERE SystemModstamp >= {since}" if since else "", without)


def accounts(ids: Collection[str], without: Collection[str] = ()) -> str:
    """These accounts."""
    return _accounts(f" WHERE {_among(ids)}", without)


def _accounts(condition: str, without: Collection[str]) -> str:
    fields = ", ".join(name for name in (*ACCOUNT_FIELDS, "SystemModstamp") if name not in without)
    return f"SELECT {fields} FROM Account{condition} ORDER BY SystemModstamp, Id"


def contract(subscription_id: str) -> str:
    """The contract of a subscription."""
    return f"SELECT Id, Status FROM Contract WHERE Subscription_Id__c = {quote(subscription_id)}"


def open_deals(contract: str, kinds: Collection[str]) -> str:
    """Open opportunities of these types about a contract."""
    types = ", ".join(quote(kind) for kind in kinds)
    condition = f"ContractId = {quote(contract)} AND IsClosed = false AND Type IN ({types})"
    return f"SELECT Id FROM Opportunity WHERE {condition} ORDER BY Id"


def milestones(opportunity_id: str) -> str:
    """All milestones of a deal."""
    fields = ", ".join(MILESTONE_FIELDS)
    return f"SELECT {fields} FROM Milestone__c WHERE Opportunity__c = {quote(opportunity_id)} ORDER BY Id"


def changed_milestones(since: str) -> str:
    """Milestones by change stamp, with the account of their deal."""
    condition = f" WHERE SystemModstamp >= {since}" if since else ""
    fields = ", ".join((*MILESTONE_FIELDS, "Opportunity__c", "Opportunity__r.AccountId", "SystemModstamp"))
    return f"SELECT {fields} FROM Milestone__c{condition} ORDER BY SystemModstamp, Id"
