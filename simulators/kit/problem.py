"""Refusals of what is the kit's own, and no vendor's: RFC 9457 problems."""

from fastapi.responses import JSONResponse


def problem(status: int, title: str, detail: str) -> JSONResponse:
    """An RFC 9457 error answer."""
    content = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return JSONResponse(content, status, media_type="application/problem+json")
