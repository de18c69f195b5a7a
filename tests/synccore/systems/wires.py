"""A scripted transport: answers in turn, and a record of what was asked."""

import json
from collections.abc import Mapping
from typing import Any

from synccore.ports.transport import Request, Response

Reply = Response | Exception


def reply(status: int, body: Any = None, **headers: str) -> Response:
    content = body if isinstance(body, bytes) else (b"" if body is None else json.dumps(body).encode())
    return Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, content)


class Script:
    """Answers in the given order; sign-ins are answered beside the script."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.requests: list[Request] = []
        self.sign_ins = 0

    async def send(self, request: Request) -> Response:
        if request.url.endswith("/token"):
            self.sign_ins += 1
            return reply(200, {"access_token": f"token-{self.sign_ins}", "expires_in": "3600"})
        self.requests.append(request)
        answer = self.replies.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def header(self, index: int, name: str) -> str:
        headers: Mapping[str, str] = self.requests[index].headers
        return headers.get(name, "")
