"""All operations of the org's API on one page: method, path, name, and who does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulators.kit.fidelity import exact
from simulators.kit.routes import Endpoint
from simulators.salesforce import (
    auth,
    bulk_ingest,
    bulk_jobs,
    bulk_one,
    bulk_one_batch,
    bulk_query,
    bulk_results,
    composite,
    describe,
    grants,
    limits,
    queries,
    records,
    searches,
    soap,
    sobject_collections,
    tree,
)
from simulators.salesforce.events import cometd, managed, platform

if TYPE_CHECKING:
    from simulators.salesforce.app import Salesforce

exact(
    "paths split before decoding, optional trailing slash, names in any case, slash and plus in an external id, "
    "`_HttpMethod`",
    source="observed, documented",
    held_by="test_upsert, test_records",
)

PUBLIC = frozenset(("authorize", "cometd", "introspect", "token", "revoke", "soap", "versions"))
"""Operations that need no session."""

_BASE = "/services/data/{version}"
_COLLECTIONS = f"{_BASE}/composite/sobjects"
_INGEST = f"{_BASE}/jobs/ingest"
_QUERIES = f"{_BASE}/jobs/query"
_EXTERNAL = f"{_BASE}/sobjects/{{sobject}}/{{field}}/{{value}}"

TABLE: tuple[tuple[str, str, str, Endpoint], ...] = (
    ("POST", "/services/oauth2/token", "token", grants.token),
    ("GET", "/services/oauth2/authorize", "authorize", grants.authorize),
    ("POST", "/services/oauth2/introspect", "introspect", auth.introspect),
    ("POST", "/services/oauth2/revoke", "revoke", auth.revoke),
    ("GET", "/services/oauth2/revoke", "revoke", auth.revoke),
    ("GET", "/services/oauth2/userinfo", "userinfo", auth.userinfo),
    ("POST", "/services/oauth2/userinfo", "userinfo", auth.userinfo),
    ("GET", "/id/{org}/{user}", "identity", auth.identity),
    ("POST", "/services/Soap/u/{version}", "soap", soap.endpoint),
    ("POST", "/services/Soap/u/{version}/{org}", "soap", soap.endpoint),
    ("POST", "/cometd", "cometd", cometd.endpoint),
    ("POST", "/cometd/{version}", "cometd", cometd.endpoint),
    ("POST", "/cometd/replay/{version}", "cometd", cometd.endpoint),  # the way of version 36.0
    ("GET", "/services/data", "versions", describe.versions),
    ("GET", _BASE, "resources", describe.resources),
    ("GET", f"{_BASE}/limits", "limits", limits.show),
    ("GET", f"{_BASE}/limits/recordCount", "recordCount", limits.record_count),
    ("GET", f"{_BASE}/query", "query", queries.query),
    ("GET", f"{_BASE}/queryAll", "queryAll", queries.query_all),
    ("GET", f"{_BASE}/query/{{locator}}", "queryMore", queries.more),
    ("GET", f"{_BASE}/queryAll/{{locator}}", "queryMore", queries.more),
    ("GET", f"{_BASE}/search", "search", searches.search),
    ("GET", f"{_BASE}/parameterizedSearch", "search", searches.by_parameters),
    ("POST", f"{_BASE}/parameterizedSearch", "search", searches.by_body),
    ("POST", f"{_BASE}/composite", "composite", composite.composite),
    ("POST", f"{_BASE}/composite/batch", "composite.batch", composite.batch),
    ("POST", f"{_BASE}/composite/graph", "composite.graph", composite.graph),
    ("POST", f"{_BASE}/composite/tree/{{sobject}}", "tree", tree.plant),
    ("POST", _COLLECTIONS, "collections.create", sobject_collections.create),
    ("PATCH", _COLLECTIONS, "collections.update", sobject_collections.update),
    ("DELETE", _COLLECTIONS, "collections.delete", sobject_collections.delete),
    ("POST", f"{_COLLECTIONS}/{{sobject}}", "collections.retrieve", sobject_collections.retrieve),
    ("GET", f"{_COLLECTIONS}/{{sobject}}", "collections.retrieve", sobject_collections.retrieve_by_url),
    ("PATCH", f"{_COLLECTIONS}/{{sobject}}/{{field}}", "collections.upsert", sobject_collections.upsert),
    ("POST", _INGEST, "bulk.ingest.create", bulk_ingest.create),
    ("GET", _INGEST, "bulk.ingest.list", bulk_jobs.listing(bulk_jobs.INGEST)),
    ("GET", f"{_INGEST}/{{job}}", "bulk.ingest.status", bulk_jobs.status(bulk_jobs.INGEST)),
    ("PATCH", f"{_INGEST}/{{job}}", "bulk.ingest.close", bulk_ingest.close),
    ("DELETE", f"{_INGEST}/{{job}}", "bulk.ingest.delete", bulk_jobs.remove(bulk_jobs.INGEST)),
    ("PUT", f"{_INGEST}/{{job}}/batches", "bulk.ingest.upload", bulk_ingest.upload),
    ("GET", f"{_INGEST}/{{job}}/successfulResults", "bulk.ingest.results", bulk_results.successful),
    ("GET", f"{_INGEST}/{{job}}/failedResults", "bulk.ingest.results", bulk_results.failures),
    ("GET", f"{_INGEST}/{{job}}/unprocessedRecords", "bulk.ingest.results", bulk_results.unprocessed),
    ("POST", _QUERIES, "bulk.query.create", bulk_query.create),
    ("GET", _QUERIES, "bulk.query.list", bulk_jobs.listing(bulk_jobs.QUERY)),
    ("GET", f"{_QUERIES}/{{job}}", "bulk.query.status", bulk_jobs.status(bulk_jobs.QUERY)),
    ("PATCH", f"{_QUERIES}/{{job}}", "bulk.query.abort", bulk_query.abort),
    ("DELETE", f"{_QUERIES}/{{job}}", "bulk.query.delete", bulk_jobs.remove(bulk_jobs.QUERY)),
    ("GET", f"{_QUERIES}/{{job}}/results", "bulk.query.results", bulk_query.results),
    ("GET", f"{_BASE}/event/eventSchema/{{schema}}", "eventSchema", platform.schema_by_id),
    ("GET", f"{_BASE}/sobjects/{{sobject}}/eventSchema", "eventSchema", platform.schema_by_name),
    ("GET", f"{_BASE}/tooling/query", "tooling.query", managed.query),
    ("POST", f"{_BASE}/tooling/sobjects/ManagedEventSubscription", "tooling.create", managed.create),
    ("GET", f"{_BASE}/recent", "recent", describe.recent),
    ("GET", f"{_BASE}/sobjects", "describeGlobal", describe.all_objects),
    ("GET", f"{_BASE}/sobjects/{{sobject}}", "sobject", describe.basic),
    ("POST", f"{_BASE}/sobjects/{{sobject}}", "record.create", records.create),
    ("GET", f"{_BASE}/sobjects/{{sobject}}/describe", "describe", describe.one_object),
    ("GET", f"{_BASE}/sobjects/{{sobject}}/describe/layouts", "describe", describe.layouts),
    ("GET", f"{_BASE}/sobjects/{{sobject}}/describe/layouts/{{type}}", "describe", describe.layouts),
    ("GET", f"{_BASE}/sobjects/{{sobject}}/updated", "getUpdated", records.updated),
    ("GET", f"{_BASE}/sobjects/{{sobject}}/deleted", "getDeleted", records.deleted),
    ("GET", f"{_BASE}/sobjects/{{sobject}}/{{key}}", "record.get", records.read),
    ("HEAD", f"{_BASE}/sobjects/{{sobject}}/{{key}}", "record.get", records.read),
    ("PATCH", f"{_BASE}/sobjects/{{sobject}}/{{key}}", "record.update", records.change),
    ("DELETE", f"{_BASE}/sobjects/{{sobject}}/{{key}}", "record.delete", records.remove),
    ("POST", f"{_BASE}/sobjects/{{sobject}}/{{key}}", "record.create", records.create_by_id_field),
    *(
        (method, f"{_EXTERNAL}{more}", name, endpoint)
        for more in ("", "/{value2}", "/{value2}/{value3}")  # slashes in an external id that jsforce leaves as they are
        for method, name, endpoint in (
            ("GET", "record.get", records.read_external),
            ("HEAD", "record.get", records.read_external),
            ("PATCH", "record.upsert", records.upsert),
            ("DELETE", "record.delete", records.remove_external),
        )
    ),
)


def register(system: Salesforce) -> None:
    """Put the table and the background work into force."""
    for method, path, operation, endpoint in TABLE:
        system.routes.add(method, path, operation, endpoint)
    system.jobs.handler(bulk_ingest.WORK, bulk_ingest.worker(system))
    for method, path, operation, work in bulk_one.ROUTES:
        system.routes.add(method, path, operation, bulk_one.endpoint(work))
    system.jobs.handler(bulk_query.WORK, bulk_query.worker(system))
    system.jobs.handler(bulk_one_batch.BATCH_WORK, bulk_one_batch.worker(system))
