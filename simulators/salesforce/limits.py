"""What the org tells about its limits and sizes."""

from simulators.kit.calls import Answer
from simulators.kit.fidelity import exact
from simulators.salesforce.web import Context, reply

exact("`/limits` counts daily requests", source="documented", held_by="test_refusals")

_FIXED = {
    "ConcurrentAsyncGetReportInstances": 200, "ConcurrentSyncReportRuns": 20, "DailyAsyncApexExecutions": 250_000,
    "DailyBulkApiBatches": 15_000, "DailyBulkV2QueryFileStorageMB": 976_562, "DailyBulkV2QueryJobs": 10_000,
    "DailyDeliveredPlatformEvents": 10_000, "DailyStreamingApiEvents": 10_000, "DataStorageMB": 5, "FileStorageMB": 20,
    "HourlyPublishedPlatformEvents": 50_000, "HourlyTimeBasedWorkflow": 50, "SingleEmail": 15,
}  # fmt: skip
"""Limits that the simulator shows and does not count."""


async def show(ctx: Context) -> Answer:
    """GET /limits: daily API requests are counted, the rest is shown as unused."""
    most = ctx.system.daily_limit
    shown = {name: {"Max": number, "Remaining": number} for name, number in _FIXED.items()}
    shown["DailyApiRequests"] = {"Max": most, "Remaining": max(0, most - ctx.system.meter.used_today)}
    return reply(200, dict(sorted(shown.items())))


async def record_count(ctx: Context) -> Answer:
    """GET /limits/recordCount?sObjects=A,B."""
    wanted = ctx.parameters().get("sObjects", "")
    names = [name.strip() for name in wanted.split(",") if name.strip()]
    specs = [ctx.org.schema.get(name) for name in names] if names else list(ctx.org.schema.objects.values())
    counts = [{"count": ctx.org.count(spec.name), "name": spec.name} for spec in specs if spec]
    return reply(200, {"sObjects": counts})
