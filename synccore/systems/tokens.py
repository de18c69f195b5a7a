"""Bearer tokens: fetched once for all who wait, kept until the system refuses them."""

import asyncio
from collections.abc import Awaitable, Callable

from synccore.ports.transport import Response
from synccore.systems.client import parse


class Tokens:
    """The present token of one system; `fetch` asks the system for a new one."""

    def __init__(self, fetch: Callable[[], Awaitable[Response]]) -> None:
        self._fetch, self._token, self._lock = fetch, "", asyncio.Lock()

    async def get(self, stale: str | None) -> str:
        """A token other than the stale one. ValueError when the sign-in was refused or unreadable."""
        async with self._lock:
            if self._token and self._token != stale:
                return self._token
            response = await self._fetch()
            body = parse(response.body) if response.status == 200 else None
            token = body.get("access_token") if isinstance(body, dict) else None
            if not token:
                raise ValueError(f"no token, status {response.status}")
            self._token = str(token)
            return self._token
