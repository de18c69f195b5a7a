"""Every refusal as data: codes of whole files, application messages of documents, and what the statuses mean."""

from dataclasses import dataclass
from typing import Literal

from simulators.kit.fidelity import approximate, exact

exact(
    "messages F5 102/117/165/201/263/312/702/808, FF 703, F5A 036, KI 235, SG 105, F2 056: their numbers",
    source="documented",
    held_by="test_fidelity::test_every_message_and_code_is_exercised_somewhere",
)
approximate("message texts", "are general knowledge, not the vendor's")

FileCode = Literal[
    "CTL_CHECKSUM",  # the content's SHA-256 is not the control file's: damaged on the way
    "CTL_LENGTH",  # nor its length in bytes
    "CTL_COUNT",  # IDOCCNT, SEGCNT or LINECNT
    "CTL_TOTAL",  # DEBTOT or CRETOT of a currency
    "CTL_HASH",  # KUNHASH of a currency
    "RECLEN",  # a line of the wrong length or without CRLF
    "CHARSET",  # bytes that are no ISO 8859-1 text, or a byte order mark
    "BAD_RECORD",  # a record that cannot stand where it stands, or a field that cannot be read
    "DUP_SEQ",  # a file number that was accepted before
    "DUP_FILE",  # the same content under a new number (only where switched on)
    "SEQ_GAP",  # a number too high: held, and refused after some days
    "UNKNOWN_PARTNER",  # no partner profile for the sender, or another partner's name
    "BAD_IFACE",  # no such interface, or not agreed with this partner
    "NO_DATA",  # a control file whose data file did not come
]


@dataclass(frozen=True)
class FileRefusal:
    """Why a whole file is refused."""

    code: FileCode
    text: str


@dataclass(frozen=True)
class Message:
    """An application message: class and number as the vendor's, with the text filled in."""

    stamid: str
    stamno: str
    text: str
    segment: int = 0  # SEGNUM the message is about; 0 for the document
    field: str = ""


# Texts of the messages; class F5, F2, FF, KI, SG are the vendor's, Z1 the site's own. {} are filled by the rule.
MESSAGES: dict[str, tuple[str, str, str]] = {
    "posted": ("F5", "312", "Document {belnr} was posted in company code {bukrs}"),
    "customer_saved": ("F2", "056", "Changes have been made to customer {kunnr}"),
    "period": ("F5", "201", "Period {period}/{year} is not open for account type {koart} in company code {bukrs}"),
    "no_customer": ("F5", "102", "Customer {kunnr} is not defined in company code {bukrs}"),
    "balance": ("F5", "702", "Balance in transaction currency: {difference} {waers}"),
    "required": ("F5", "808", "Field {field} is a required field"),
    "account": ("F5", "117", "Account {account} cannot be posted in company code {bukrs}: {why}"),
    "tax": ("FF", "703", "Tax code {mwskz}: {why}"),
    "cost_object": ("KI", "235", "Account {account} requires an assignment to a CO object"),
    "posting_date": ("F5A", "036", "Posting date {budat} does not fit period {period}"),
    "rate": ("SG", "105", "Enter rate {waers} / {local} rate type M for {budat} in the system settings"),
    "company": ("F5", "165", "Company code {bukrs} is not defined"),
    "field": ("Z1", "001", "Field {field}: {why}"),
    "action": ("Z1", "002", "Action {action} is not known; use C, R or X"),
    "key": (
        "Z1",
        "003",
        "Posting key {bschl} does not fit account type {koart}, side {shkzg} or type {blart}",
    ),
    "blart": ("Z1", "004", "Document type {blart} does not come by interface {iface}"),
    "customer_line": ("Z1", "005", "The document has {count} customer lines; exactly one is needed"),
    "duplicate": ("Z1", "010", "XBLNR {xblnr} exists: document {belnr} {gjahr} in company code {bukrs}"),
    "no_original": ("Z1", "011", "Reference document {rebzg} was not found in company code {bukrs}"),
    "reversed": ("Z1", "012", "Document {belnr} {gjahr} was already reversed by {stblg}"),
    "cleared": ("Z1", "013", "Document {belnr} {gjahr} has clearings; reset them before the reversal"),
    "amounts": ("Z1", "014", "Amounts of the posted document {belnr} {gjahr} cannot be changed"),
    "difference": ("F5", "263", "The difference is too large for clearing: {rest} {waers} of {belnr} {gjahr} is open"),
    "blocked": ("Z1", "016", "Customer {kunnr} is blocked for posting in company code {bukrs}"),
    "stale": ("Z1", "020", "Serial {serial} of customer {kunnr} is older than the one applied"),
}


def message(name: str, segment: int = 0, field: str = "", **facts: object) -> Message:
    """The message of that name with its text filled in."""
    stamid, stamno, text = MESSAGES[name]
    return Message(stamid, stamno, text.format(field=field, **facts), segment, field)


# Inbound document statuses, and whether one still waits for somebody (a person or the batch).
STATUS_TEXT: dict[str, tuple[str, bool]] = {
    "50": ("IDoc added", True),
    "51": ("Application document not posted", True),
    "52": ("Application document not fully posted", True),
    "53": ("Application document posted", False),
    "56": ("IDoc with errors added", True),
    "60": ("Error during syntax check of IDoc (inbound)", True),
    "62": ("IDoc passed to application", True),
    "63": ("Error passing IDoc to application", True),
    "64": ("IDoc ready to be transferred to application", True),
    "66": ("IDoc is waiting for predecessor IDoc (serialization)", True),
    "68": ("Error - no further processing", False),
    "69": ("IDoc was edited", True),
    "70": ("Original of an IDoc which was edited", False),
}
FAILED = ("51", "52", "56", "60", "63", "66")
