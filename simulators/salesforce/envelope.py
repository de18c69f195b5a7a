"""SOAP envelopes: answers and faults of the partner API."""

from xml.sax.saxutils import escape

from simulators.kit.calls import Answer

_ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope '
    'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:partner.soap.sforce.com" '
    'xmlns:sf="urn:fault.partner.soap.sforce.com" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    "<soapenv:Body>{}</soapenv:Body></soapenv:Envelope>"
)


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
