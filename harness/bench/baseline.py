"""What we measure against: a bare FastAPI application with the same bodies and nothing around it."""

import sys
from typing import Any

import orjson
import uvicorn
from fastapi import FastAPI, Request
from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    """Whatever came."""

    model_config = ConfigDict(extra="allow")


def bare(answer: Any, told: Any = None) -> FastAPI:
    """GET /get answers the given JSON through a response model; POST /post takes a JSON body, POST /form a form, and
    both answer `told`, or what they took.
    """
    app = FastAPI()

    @app.get("/get", response_model=Body)
    async def get() -> Any:
        return answer

    @app.post("/post", response_model=Body)
    async def post(body: Body) -> Any:
        return body if told is None else told

    @app.post("/form", response_model=Body)
    async def form(request: Request) -> Any:
        fields = await request.form()
        return {name: str(value) for name, value in fields.items()} if told is None else told

    return app


def main() -> None:
    """Serve on the port given as first argument, answering the JSON given as second."""
    app = bare(orjson.loads(sys.argv[2]))
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error", access_log=False)


if __name__ == "__main__":
    main()
