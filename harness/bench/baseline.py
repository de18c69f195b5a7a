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


def bare(answer: Any) -> FastAPI:
    """GET /get answers the given JSON through a response model, POST /post takes a JSON body and answers it."""
    app = FastAPI()

    @app.get("/get", response_model=Body)
    async def get() -> Any:
        return answer

    @app.post("/post", response_model=Body)
    async def post(body: Body) -> Any:
        return body

    @app.post("/form", response_model=Body)
    async def form(request: Request) -> Any:
        fields = await request.form()
        return {name: str(value) for name, value in fields.items()}

    return app


def main() -> None:
    """Serve on the port given as first argument, answering the JSON given as second."""
    app = bare(orjson.loads(sys.argv[2]))
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error", access_log=False)


if __name__ == "__main__":
    main()
