"""What people do inside the platform that its API does not offer: steer the gateway, dispute, resend a webhook."""

from typing import TYPE_CHECKING, Any

from simulators.subscriptions import gateway, gateway_answers, payment_intents, usage_reports
from simulators.subscriptions.errors import Refused

if TYPE_CHECKING:
    from simulators.subscriptions.app import Subscriptions


def install(system: "Subscriptions") -> None:
    """Register the acts."""

    async def steer_gateway(arguments: dict[str, Any]) -> dict[str, Any]:
        """{"outcome": gateway.OUTCOMES, "times"?: 1, "customer_id"?, "delay_s"?}."""
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
            endpoints = system.parts.publisher.resend(arguments["event_id"], system.clock.now())
        return {"endpoints": endpoints}

    async def dispute(arguments: dict[str, Any]) -> dict[str, Any]:
        """{"transaction_id", "amount"?}: see `gateway_answers.chargeback`."""
        amount = arguments.get("amount")
        with system.store.transaction():
            work = system.work(system.clock.now(), "system")
            txn = work.get("transaction", arguments["transaction_id"])
            if txn is None:
                raise ValueError(f"no transaction {arguments['transaction_id']}")
            try:
                done = gateway_answers.chargeback(work, txn, None if amount is None else int(amount))
            except Refused as refused:
                raise ValueError(refused.message) from refused
            work.flush()
        return {"transaction": done["transaction"]["id"], "credit_notes": [note["id"] for note in done["credit_notes"]]}

    async def pay_intent(arguments: dict[str, Any]) -> dict[str, Any]:
        """{"payment_intent_id", "card_number"?}: the payer enters a test card on the page."""
        with system.store.transaction():
            work = system.work(system.clock.now(), "hosted_page")
            number = str(arguments.get("card_number", "4111111111111111"))
            try:
                intent = payment_intents.act(work, arguments["payment_intent_id"], number)
            except Refused as refused:
                raise ValueError(refused.message) from refused
            work.flush()
        return {"status": intent["status"]}

    async def explain_line(arguments: dict[str, Any]) -> dict[str, Any]:
        """{"line_item_id"}: the usages and usage events that the line counted."""
        work = system.work(system.clock.now(), "admin_console")
        return {"counted": usage_reports.explained(work, arguments["line_item_id"])}

    system.acts["explain_line"] = explain_line
    system.acts["gateway"] = steer_gateway
    system.acts["chargeback"] = dispute
    system.acts["pay_intent"] = pay_intent
    system.acts["resend_webhook"] = resend_webhook
