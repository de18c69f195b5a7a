"""SQL beside the documents: projected rows for the ledger and the read-only views that SuiteQL sees.

Amounts are integers in ten-thousandths of the currency's unit (`_e4`), which is exact for every ISO currency. Dates in
views are `\\x1fYYYY-MM-DD HH:MM:SS`: the mark tells a date from a text that looks like one and keeps the order.
"""

from simulators.kit.fidelity import approximate

approximate(
    "SuiteQL tables and columns",
    "those of `tables.py`, a small part of the vendor's; any other is refused",
    source="documented",
)
approximate("transaction header totals", "are positive for every type; line amounts carry the ledger's sign")
approximate("SuiteQL datetimes", "are UTC, not the account's zone", source="ours")

ROWS = """
CREATE TABLE IF NOT EXISTS row_transaction (
    id INTEGER PRIMARY KEY, tranid TEXT, type TEXT, recordtype TEXT, entity INTEGER, trandate TEXT, duedate TEXT,
    closedate TEXT, postingperiod INTEGER, status TEXT, currency INTEGER, exchangerate REAL, total_e4 INTEGER,
    paid_e4 INTEGER, unpaid_e4 INTEGER, base_e4 INTEGER, externalid TEXT, otherrefnum TEXT, memo TEXT, voided TEXT,
    posting TEXT, approvalstatus TEXT, terms INTEGER, createddate TEXT, lastmodifieddate TEXT, account INTEGER,
    subsidiary INTEGER, createdfrom INTEGER);
CREATE INDEX IF NOT EXISTS row_transaction_type ON row_transaction (type, lastmodifieddate);
CREATE INDEX IF NOT EXISTS row_transaction_modified ON row_transaction (lastmodifieddate);
CREATE INDEX IF NOT EXISTS row_transaction_entity ON row_transaction (entity);
CREATE INDEX IF NOT EXISTS row_transaction_external ON row_transaction (externalid);
CREATE INDEX IF NOT EXISTS row_transaction_tranid ON row_transaction (tranid);
CREATE TABLE IF NOT EXISTS row_line (
    tx INTEGER, id INTEGER, item INTEGER, quantity REAL, rate REAL, foreign_e4 INTEGER, net_e4 INTEGER,
    mainline TEXT, taxline TEXT, subsidiary INTEGER, entity INTEGER, memo TEXT, department INTEGER, class INTEGER,
    location INTEGER, createdfrom INTEGER, taxcode INTEGER, PRIMARY KEY (tx, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS row_gl (
    tx INTEGER, line INTEGER, account INTEGER, debit_e4 INTEGER, credit_e4 INTEGER, foreign_e4 INTEGER,
    subsidiary INTEGER, currency INTEGER, period INTEGER, posting TEXT, entity INTEGER, trandate TEXT, memo TEXT,
    PRIMARY KEY (tx, line)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS row_gl_account ON row_gl (account, posting, debit_e4, credit_e4);
CREATE INDEX IF NOT EXISTS account_number ON account (json_extract(doc, '$.acctNumber'));
CREATE TABLE IF NOT EXISTS row_link (
    previousdoc INTEGER, nextdoc INTEGER, foreign_e4 INTEGER, base_e4 INTEGER, linktype TEXT,
    PRIMARY KEY (previousdoc, nextdoc)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS row_link_next ON row_link (nextdoc);
CREATE TABLE IF NOT EXISTS row_customer (
    id INTEGER PRIMARY KEY, entityid TEXT, companyname TEXT, firstname TEXT, lastname TEXT, altname TEXT, email TEXT,
    phone TEXT, externalid TEXT, subsidiary INTEGER, currency INTEGER, terms INTEGER, isperson TEXT, isinactive TEXT,
    vatregnumber TEXT, comments TEXT, parent INTEGER, datecreated TEXT, lastmodifieddate TEXT);
CREATE INDEX IF NOT EXISTS row_customer_external ON row_customer (externalid);
CREATE INDEX IF NOT EXISTS row_customer_name ON row_customer (companyname);
CREATE INDEX IF NOT EXISTS row_customer_modified ON row_customer (lastmodifieddate);
CREATE TABLE IF NOT EXISTS row_deleted (
    seq INTEGER PRIMARY KEY, recordid INTEGER, recordtypeid TEXT, name TEXT, externalid TEXT, deleteddate TEXT,
    deletedby TEXT);
"""

_FLAG = "CASE WHEN json_extract(doc, '$.{0}') THEN 'T' ELSE 'F' END AS {1}"
_DAY = "char(31) || json_extract(doc, '$.{0}') || ' 00:00:00' AS {1}"


def _field(name: str, column: str | None = None, number: bool = False) -> str:
    path = f"json_extract(doc, '$.{name}')"
    return f"{f'CAST({path} AS INTEGER)' if number else path} AS {column or name.lower()}"


def _setup(table: str, kind: str, *columns: str) -> str:
    return _view(table, f"SELECT CAST(key AS INTEGER) AS id, {', '.join(columns)} FROM {kind}")


def _view(table: str, select: str) -> str:
    return f"CREATE VIEW IF NOT EXISTS suiteql_{table} AS {select};\n"


_NAMED = (_field("externalId"), _FLAG.format("isInactive", "isinactive"))
VIEWS = "".join((
    _view("transaction", """
        SELECT id, tranid, tranid AS number, tranid AS transactionnumber, type, recordtype, entity, trandate, duedate,
        closedate, postingperiod, status, currency, exchangerate, total_e4 / 10000.0 AS foreigntotal,
        paid_e4 / 10000.0 AS foreignamountpaid, unpaid_e4 / 10000.0 AS foreignamountunpaid,
        base_e4 / 10000.0 AS total, externalid, otherrefnum, memo, voided, posting, approvalstatus, terms,
        createddate, lastmodifieddate FROM row_transaction"""),
    _view("transactionline", """
        SELECT l.tx AS "transaction", l.id, l.id AS linesequencenumber, l.tx * 10000 + l.id AS uniquekey, l.item,
        l.quantity, l.rate, l.foreign_e4 / 10000.0 AS foreignamount,
        l.net_e4 / 10000.0 AS netamount, l.mainline, l.taxline, l.subsidiary, l.entity, l.memo, l.department, l.class,
        l.location, l.createdfrom, l.taxcode FROM row_line l"""),
    _view("transactionaccountingline", """
        SELECT tx AS "transaction", line AS transactionline, 1 AS accountingbook, account,
        CASE WHEN debit_e4 THEN debit_e4 / 10000.0 END AS debit, CASE WHEN credit_e4 THEN credit_e4 / 10000.0 END AS
        credit, (debit_e4 - credit_e4) / 10000.0 AS amount, posting FROM row_gl"""),
    _view("previoustransactionlinelink", """
        SELECT previousdoc, nextdoc, foreign_e4 / 10000.0 AS foreignamount, base_e4 / 10000.0 AS amount, linktype,
        0 AS previousline, 0 AS nextline FROM row_link"""),
    _view("nexttransactionlinelink", """
        SELECT previousdoc, nextdoc, foreign_e4 / 10000.0 AS foreignamount, base_e4 / 10000.0 AS amount, linktype,
        0 AS previousline, 0 AS nextline FROM row_link"""),
    _view("customer", "SELECT * FROM row_customer"),
    _view("entity", "SELECT id, entityid, altname, email, externalid, isinactive, 'CustJob' AS type FROM row_customer"),
    _setup("contact", "contact", *_NAMED, *(_field(name) for name in (
        "entityId", "firstName", "lastName", "title", "email", "phone")), _field("company", number=True),
        _field("subsidiary", number=True)),
    _view("deletedrecord", "SELECT recordid, recordtypeid, name, externalid, deleteddate, deletedby FROM row_deleted"),
    _setup("subsidiary", "subsidiary", *_NAMED, _field("name"), _field("name", "fullname"), _field("country"),
           _field("currency", number=True), _field("parent", number=True),
           _FLAG.format("isElimination", "iselimination")),
    _setup("accountingperiod", "accountingPeriod", _field("periodName"), _DAY.format("startDate", "startdate"),
           _DAY.format("endDate", "enddate"), *(_FLAG.format(n, n.lower()) for n in (
               "closed", "arLocked", "apLocked", "allLocked", "isYear", "isQuarter", "isAdjust", "isPosting",
               "allowNonGLChanges")), _DAY.format("closedOnDate", "closedondate"), _field("parent", number=True)),
    _setup("account", "account", *_NAMED, _field("acctNumber"), _field("acctName", "accountsearchdisplayname"),
           _field("acctName", "fullname"), _field("acctName"), _field("acctType"),
           _field("description")),
    _setup("currency", "currency", _field("name"), _field("symbol"), _field("currencyPrecision", number=True),
           "CAST(json_extract(doc, '$.exchangeRate') AS REAL) AS exchangerate",
           _FLAG.format("isBaseCurrency", "isbasecurrency"), _FLAG.format("isInactive", "isinactive")),
    _setup("item", "item", *_NAMED, _field("itemId"), _field("displayName"), _field("itemId", "fullname"),
           _field("itemType"), _field("incomeAccount", number=True), _field("deferralAccount", number=True),
           "char(31) || replace(rtrim(json_extract(doc, '$.lastModifiedDate'), 'Z'), 'T', ' ') AS lastmodifieddate"),
    _setup("term", "term", *_NAMED, _field("name"), _field("daysUntilNetDue", number=True)),
    _setup("salestaxitem", "taxCode", *_NAMED, _field("itemId"), _field("itemId", "name"),
           "CAST(json_extract(doc, '$.rate') AS REAL) AS rate", _field("taxType", number=True)),
    _setup("customersubsidiaryrelationship", "relationship", _field("externalId"), _field("entity", number=True),
           _field("subsidiary", number=True), _FLAG.format("isPrimarySub", "isprimarysub")),
    "CREATE VIEW IF NOT EXISTS suiteql_dual AS SELECT 'X' AS dummy;\n",
))  # fmt: skip

SCHEMA = ROWS + VIEWS

# Which columns of which SuiteQL table are references (for BUILTIN.DF), by the store kind they point to.
REFERENCES: dict[str, dict[str, str]] = {
    "transaction": {"entity": "customer", "postingperiod": "accountingPeriod", "currency": "currency", "terms": "term",
                    "status": "_status", "type": "_type", "approvalstatus": "_approval"},
    "transactionline": {"item": "item", "subsidiary": "subsidiary", "entity": "customer", "transaction": "transaction",
                        "department": "department", "class": "classification", "location": "location",
                        "createdfrom": "transaction", "taxcode": "taxCode"},
    "transactionaccountingline": {"account": "account", "transaction": "transaction"},
    "previoustransactionlinelink": {"previousdoc": "transaction", "nextdoc": "transaction"},
    "nexttransactionlinelink": {"previousdoc": "transaction", "nextdoc": "transaction"},
    "customer": {"subsidiary": "subsidiary", "currency": "currency", "terms": "term", "parent": "customer"},
    "contact": {"company": "customer", "subsidiary": "subsidiary"},
    "subsidiary": {"currency": "currency", "parent": "subsidiary"},
    "accountingperiod": {"parent": "accountingPeriod"},
    "item": {"incomeaccount": "account", "deferralaccount": "account"},
    "salestaxitem": {"taxtype": "taxType"},
    "customersubsidiaryrelationship": {"entity": "customer", "subsidiary": "subsidiary"},
    "account": {}, "currency": {}, "entity": {}, "deletedrecord": {}, "term": {}, "dual": {},
}  # fmt: skip
DATE_COLUMNS = frozenset((
    "trandate", "duedate", "closedate", "createddate", "lastmodifieddate", "startdate", "enddate", "closedondate",
    "datecreated", "deleteddate",
))  # fmt: skip
