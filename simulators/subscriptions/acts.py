"""What people do inside the platform that its API does not offer: steer the gateway, send a webhook again."""

from typing import TYPE_CHECKING, Any

from simulators.subscriptions import gateway

if TYPE_CHECKING:
    from simulators.subscriptions.app import Subscriptions


def install(system: "Subscriptions") -> None:
    """Register the acts."""

    async def steer_gateway(arguments: dict[str, Any]) -> dict[str, Any]:
        """{"outcome": succeed|decline|expired|insufficient|late_failure, "times"?: 1, "customer_id"?, "delay_s"?}."""
        outcome = arguments["outcome"]
        if outcome not in gateway.OUTCOMES:
            raise ValueError(f"outcome is one of {', '.join(gateway.OUTCOMES)}")
        times, delay_s = int(arguments.get("times", 1)), float(arguments.get("delay_s", gateway.LATE_FAILURE_S))
        if times < 1 or delay_s < 0:
            raise ValueError("times is at least 1 and delay_s at least 0")
        with system.store.transaction():
            work = system.work(system.clock.now(), "admin_console")
            order = gateway.order(work, outcome, times, arguments.get("customer_id"), delay_s)
            work.flush()
        return order

    async def resend_webhook(arguments: dict[str, Any]) -> dict[str, Any]:
        """{"event_id"}: deliver the event once more to every enabled endpoint."""
        with system.store.transaction():
            deliveries = system.parts.publisher.resend(arguments["event_id"], system.clock.now())
        return {"deliveries": deliveries}

    system.acts["gateway"] = steer_gateway
    system.acts["resend_webhook"] = resend_webhook
