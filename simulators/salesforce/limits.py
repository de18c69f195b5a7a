"""What the org tells about its limits and sizes."""

from typing import Any

from simulators.kit.calls import Answer
from simulators.kit.fidelity import approximate, exact
from simulators.salesforce.bulk_jobs import INGEST, QUERY
from simulators.salesforce.moments import stamp
from simulators.salesforce.web import Context, reply

exact("`/limits`: the documented names; daily requests are counted", source="documented", held_by="test_limits")
approximate(
    "other limits",
    "bulk jobs, bulk batches and storage (2 kB a record) are counted and shown, but refuse nothing; the rest "
    "is shown as unused",
    source="ours",
)

RECORD_KB = 2
BATCH_ROWS = 10_000
_FIXED = {
    "ActiveScratchOrgs": 3, "AnalyticsExternalDataSizeMB": 40_960, "ConcurrentAsyncGetReportInstances": 200,
    "ConcurrentEinsteinDataInsightsStoryCreation": 5, "ConcurrentEinsteinDiscoveryStoryCreation": 2,
    "ConcurrentSyncReportRuns": 20, "DailyAnalyticsDataflowJobExecutions": 60,
    "DailyAnalyticsUploadedFilesSizeMB": 51_200, "DailyAsyncApexExecutions": 250_000, "DailyAsyncApexTests": 500,
    "DailyBulkV2QueryFileStorageMB": 976_562, "DailyDeliveredPlatformEvents": 10_000,
    "DailyDurableGenericStreamingApiEvents": 10_000, "DailyDurableStreamingApiEvents": 10_000,
    "DailyEinsteinDataInsightsStoryCreation": 1_000, "DailyEinsteinDiscoveryOptimizationJobRuns": 0,
    "DailyEinsteinDiscoveryPredictAPICalls": 50_000, "DailyEinsteinDiscoveryPredictionsByCDC": 500_000,
    "DailyEinsteinDiscoveryStoryCreation": 100, "DailyFunctionsApiCallLimit": 235_000,
    "DailyGenericStreamingApiEvents": 10_000, "DailyScratchOrgs": 6, "DailyStandardVolumePlatformEvents": 10_000,
    "DailyStreamingApiEvents": 10_000, "DailyWorkflowEmails": 1_000, "DurableStreamingApiConcurrentClients": 20,
    "FileStorageMB": 20, "HourlyAsyncReportRuns": 1_200, "HourlyDashboardRefreshes": 200,
    "HourlyDashboardResults": 5_000, "HourlyDashboardStatuses": 999_999_999, "HourlyLongTermIdMapping": 100_000,
    "HourlyManagedContentPublicRequests": 50_000, "HourlyODataCallout": 1_000, "HourlyPublishedPlatformEvents": 50_000,
    "HourlyPublishedStandardVolumePlatformEvents": 1_000, "HourlyShortTermIdMapping": 100_000,
    "HourlySyncReportRuns": 500, "HourlyTimeBasedWorkflow": 50, "MassEmail": 10,
    "MonthlyEinsteinDiscoveryStoryCreation": 500, "Package2VersionCreates": 6,
    "Package2VersionCreatesWithoutValidation": 500, "PrivateConnectOutboundCalloutHourlyLimitMB": 0, "SingleEmail": 15,
    "StreamingApiConcurrentClients": 20,
}  # fmt: skip
"""Limits that the simulator shows and does not count."""


async def show(ctx: Context) -> Answer:
    """GET /limits."""
    counted = {
        "DailyApiRequests": (ctx.system.daily_limit, ctx.system.meter.used_today),
        "DailyBulkApiBatches": (15_000, _batches_today(ctx)),
        "DailyBulkV2QueryJobs": (10_000, _jobs_today(ctx, QUERY)),
        "DataStorageMB": (5, _records(ctx) * RECORD_KB // 1_024),
    }
    shown: dict[str, Any] = {name: {"Max": number, "Remaining": number} for name, number in _FIXED.items()}
    shown |= {name: {"Max": most, "Remaining": max(0, most - used)} for name, (most, used) in counted.items()}
    custom = {"Max": 1_000, "Remaining": 1_000}
    shown["PermissionSets"] = {"Max": 1_500, "Remaining": 1_500, "CreateCustom": custom}
    return reply(200, dict(sorted(shown.items())))


def _jobs_today(ctx: Context, kind: str) -> int:
    since = stamp(ctx.call.at - 86_400)
    sql = "SELECT count(*) FROM _bulk_job WHERE type = ? AND json_extract(doc, '$.createdDate') > ?"
    return int(next(ctx.org.store.rows(sql, (kind, since)))[0])


def _batches_today(ctx: Context) -> int:
    since = stamp(ctx.call.at - 86_400)
    sql = (
        f"SELECT coalesce(sum(1 + max(0, json_extract(doc, '$.processed') - 1) / {BATCH_ROWS}), 0) FROM _bulk_job "
        "WHERE type = ? AND json_extract(doc, '$.createdDate') > ?"
    )
    older = "SELECT count(*) FROM _bulk_batch WHERE json_extract(doc, '$.createdDate') > ?"
    return int(next(ctx.org.store.rows(sql, (INGEST, since)))[0]) + int(next(ctx.org.store.rows(older, (since,)))[0])


def _records(ctx: Context) -> int:
    names = [spec.name for spec in ctx.org.schema.objects.values() if spec.writable]
    return sum(int(next(ctx.org.store.rows(f'SELECT count(*) FROM "{name}"'))[0]) for name in names)


async def record_count(ctx: Context) -> Answer:
    """GET /limits/recordCount?sObjects=A,B."""
    wanted = ctx.parameters().get("sObjects", "")
    names = [name.strip() for name in wanted.split(",") if name.strip()]
    specs = [ctx.org.schema.get(name) for name in names] if names else list(ctx.org.schema.objects.values())
    counts = [{"count": ctx.org.count(spec.name), "name": spec.name} for spec in specs if spec]
    return reply(200, {"sObjects": counts})
