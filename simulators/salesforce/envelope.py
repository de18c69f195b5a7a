"""SOAP envelopes: calls, answers and faults of the partner API."""

from xml.etree import ElementTree
from xml.sax.saxutils import escape

from simulators.kit.calls import Answer

_ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope '
    'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:partner.soap.sforce.com" '
    'xmlns:sf="urn:fault.partner.soap.sforce.com" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    "<soapenv:Body>{}</soapenv:Body></soapenv:Envelope>"
)

Element = ElementTree.Element


class Malformed(ValueError):
    """A message that is no SOAP envelope."""


def read(body: bytes) -> tuple[Element | None, str]:
    """What a message asks for (the first element of its body) and the session in its header; raises Malformed."""
    text = body.decode("utf-8", "replace").strip()
    if "<!DOCTYPE" in text.upper():
        raise Malformed("The message has a document type declaration, which SOAP forbids")
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise Malformed(f"The message is not well-formed: {error}") from error
    inner = next((part for part in root if local(part) == "Body"), None)
    session = next((part.text for part in root.iter() if local(part) == "sessionId"), None)
    return (inner[0] if inner is not None and len(inner) else None), (session or "").strip()


def local(element: Element) -> str:
    """An element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def fault(code: str, message: str) -> Answer:
    """A SOAP fault, which is always HTTP 500."""
    detail = (
        '<sf:LoginFault xsi:type="sf:LoginFault">'
        f"<sf:exceptionCode>{code}</sf:exceptionCode><sf:exceptionMessage>{escape(message)}</sf:exceptionMessage>"
        "</sf:LoginFault>"
    )
    return xml(
        500,
        f"<soapenv:Fault><faultcode>sf:{code}</faultcode><faultstring>{code}: {escape(message)}</faultstring>"
        f"<detail>{detail}</detail></soapenv:Fault>",
    )


def xml(status: int, body: str) -> Answer:
    """An envelope around a body."""
    return Answer(status, _ENVELOPE.format(body).encode(), "text/xml;charset=UTF-8")
