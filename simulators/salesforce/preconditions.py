"""Conditional requests: entity tags on accounts, modification dates on every row, and what unmet conditions answer."""

from __future__ import annotations

import base64
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import TYPE_CHECKING

import orjson

from simulators.kit.fidelity import approximate, exact
from simulators.kit.store import Doc
from simulators.salesforce.errors import failed
from simulators.salesforce.ids import parse_id
from simulators.salesforce.moments import epoch, http_date
from simulators.salesforce.schemas import Field, SObject

if TYPE_CHECKING:
    from simulators.salesforce.web import Context

exact(
    "Conditional requests: ETag on accounts, modification dates on every row, 304 and 412, none for deletes",
    source="documented", held_by="test_preconditions",
)  # fmt: skip
approximate(
    "The body of a 412 or of an invalid date", "its code and text are ours: no source quotes them", source="ours"
)

TAGGED = ("Account",)
"""Objects whose rows carry an entity tag; the REST guide names accounts alone."""
_HEADERS = ("if-match", "if-none-match", "if-modified-since", "if-unmodified-since")


def tag(doc: Doc) -> str:
    """The entity tag of a row: a digest of its content, in the vendor's form."""
    return f'"{base64.b64encode(sha256(orjson.dumps(doc)).digest()).decode()}--gzip"'


def tags(spec: SObject, doc: Doc) -> dict[str, str]:
    """Response headers of a row: Last-Modified, and ETag for an account."""
    found = {"Last-Modified": http_date(doc["LastModifiedDate"])}
    return {"ETag": tag(doc), **found} if spec.name in TAGGED else found


def modified(ctx: Context, spec: SObject, doc: Doc) -> bool:
    """Whether a read has something to show: False is 304; a failed If-Match or If-Unmodified-Since raises 412."""
    sent = ctx.call.headers
    if not any(name in sent for name in _HEADERS):
        return True
    _must_hold(ctx, spec, doc)
    return not (_tag_known(ctx, spec, doc) or _not_newer(ctx, doc))


def check_write(ctx: Context, spec: SObject, record_id: str) -> None:
    """412 for a change of a row whose conditions do not hold; rows that do not exist are left to the change itself."""
    if not any(name in ctx.call.headers for name in _HEADERS):
        return
    known = parse_id(record_id)
    doc = ctx.org.live(spec.name, known) if known else None
    if doc is None:
        return
    _must_hold(ctx, spec, doc)
    if _tag_known(ctx, spec, doc) or _not_newer(ctx, doc):
        raise _unmet()


def check_upsert(ctx: Context, spec: SObject, field: Field, key: str) -> None:
    """The same for a row that is named by an external id; what matches several raises ManyMatch."""
    if any(name in ctx.call.headers for name in _HEADERS):
        doc = ctx.writer().find(spec, field, key)
        if doc is not None:
            check_write(ctx, spec, doc["Id"])


def _must_hold(ctx: Context, spec: SObject, doc: Doc) -> None:
    sent = ctx.call.headers
    wanted = sent.get("if-match")
    if wanted is not None and spec.name in TAGGED and not _names(wanted, doc):
        raise _unmet()
    since = _date(ctx, "if-unmodified-since")
    if since is not None and epoch(doc["LastModifiedDate"]) > since:
        raise _unmet()


def _tag_known(ctx: Context, spec: SObject, doc: Doc) -> bool:
    known = ctx.call.headers.get("if-none-match")
    return known is not None and spec.name in TAGGED and _names(known, doc)


def _not_newer(ctx: Context, doc: Doc) -> bool:
    since = _date(ctx, "if-modified-since")
    return since is not None and epoch(doc["LastModifiedDate"]) <= since


def _names(listed: str, doc: Doc) -> bool:
    """Whether a list of tags (or `*`) has the row's; the encoding behind the digest does not count."""
    given = [one.strip().removeprefix("W/").strip('"').removesuffix("--gzip") for one in listed.split(",")]
    return "*" in given or tag(doc).strip('"').removesuffix("--gzip") in given


def _date(ctx: Context, header: str) -> float | None:
    text = ctx.call.headers.get(header)
    if text is None:
        return None
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        raise failed("INVALID_ARGUMENT", f"The value of the header {header} is no HTTP date: {text}") from None


def _unmet() -> Exception:
    message = "The requested resource does not meet the preconditions of the request"
    return failed("ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE", message, 412)
