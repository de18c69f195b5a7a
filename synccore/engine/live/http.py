"""HTTP over real sockets, without any retry of its own."""

import aiohttp
from yarl import URL

from synccore.ports.transport import NoAnswer, NotSent, Request, Response

_CONNECT_S = 10.0
# Shorter than servers keep an idle connection: a request into a closing one would be of unknown outcome.
_IDLE_S = 2.0


class HttpTransport:
    """See `ports.transport.Transport`."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def send(self, request: Request) -> Response:
        """The response, whatever its status; NotSent or NoAnswer when there is none."""
        limit = aiohttp.ClientTimeout(total=request.timeout_s, sock_connect=min(_CONNECT_S, request.timeout_s))
        try:
            async with self._open().request(
                request.method, URL(request.url, encoded=True), headers=request.headers, data=request.body or None,
                timeout=limit, allow_redirects=False, skip_auto_headers=("Content-Type", "User-Agent"),
            ) as answer:  # fmt: skip
                body = await answer.read()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
            raise NotSent(str(error)) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise NoAnswer(f"{type(error).__name__}: {error}") from error
        return Response(answer.status, {name.lower(): value for name, value in answer.headers.items()}, body)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_IDLE_S),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
            self._session._retry_connection = False  # a repeated PUT or DELETE is ours to decide
        return self._session

    async def close(self) -> None:
        """Let go of connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None
