"""Provider states of the metering, for consumers' contracts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from simulators.kit.faults import Fault
from simulators.kit.pact_states import Params, State, ask
from simulators.metering.rules import instant

if TYPE_CHECKING:
    from simulators.metering.app import Metering

DAY_S = 86_400


class States:
    """The states of one metering; `table` names them."""

    def __init__(self, system: Metering) -> None:
        self._system = system

    def table(self) -> dict[str, State]:
        """Name to function."""
        return {
            "the client is signed in": self.signed_in, "the client's token is refused": self.refused,
            "the limit of requests is reached": self.limited, "usage was recorded": self.recorded,
            "usage of a day was exported": self.exported,
        }  # fmt: skip

    async def signed_in(self, _params: Params) -> Params:
        """A good token: {token}."""
        return {"token": (self._system.settings.credentials or {}).get("token", "any")}

    async def refused(self, _params: Params) -> Params:
        """A token that is not taken: {token}."""
        self._system.expire_credentials()
        return await self.signed_in({})

    async def limited(self, params: Params) -> Params:
        """Too many requests: come back after `retry_after_s`."""
        after = int(params.get("retry_after_s", 30))
        self._system.faults.add(Fault(id="pact", kind="limit", times=0, retry_after_s=after))
        return {}

    async def recorded(self, params: Params) -> Params:
        """An event `event` of the subscription `subscription` and one that corrects it, recorded just now."""
        first = {"id": params["event"], "subscription": params["subscription"], "customer": "c-US",
                 "meter": "api-calls", "quantity": "120", "time": instant(self._system.clock.now() - 60)}  # fmt: skip
        second = {**first, "id": f"{params['event']}-corrected", "quantity": "100", "corrects": params["event"]}
        headers = {"authorization": f"Bearer {(await self.signed_in({}))['token']}", "content-type": "application/json"}
        await ask(self._system, "POST", "/v1/events", headers, json.dumps({"events": [first, second]}).encode())
        return {}

    async def exported(self, params: Params) -> Params:
        """As above, and the day's file is ready: {day}."""
        await self.recorded(params)
        clock, day = self._system.clock, instant(self._system.clock.now())[:10]
        clock.jump(clock.now() + 2 * DAY_S)
        await self._system.jobs.drained()
        return {"day": day}
