"""VAT identification numbers of the European Union, by form: https://taxation-customs.ec.europa.eu/vies (FAQ, Q11)."""

import re

UNION = "EU"
_FORMS = {
    "AT": r"U\d{8}", "BE": r"[01]\d{9}", "BG": r"\d{9,10}", "CY": r"\d{8}[A-Z]", "CZ": r"\d{8,10}", "DE": r"\d{9}",
    "DK": r"\d{8}", "EE": r"\d{9}", "ES": r"[A-Z0-9]\d{7}[A-Z0-9]", "FI": r"\d{8}", "FR": r"[A-Z0-9]{2}\d{9}",
    "GR": r"\d{9}", "HR": r"\d{11}", "HU": r"\d{8}", "IE": r"\d[A-Z0-9+*]\d{5}[A-Z]{1,2}", "IT": r"\d{11}",
    "LT": r"(\d{9}|\d{12})", "LU": r"\d{8}", "LV": r"\d{11}", "MT": r"\d{8}", "NL": r"[A-Z0-9+*]{12}",
    "PL": r"\d{10}", "PT": r"\d{9}", "RO": r"\d{2,10}", "SE": r"\d{12}", "SI": r"\d{8}", "SK": r"\d{10}",
}  # fmt: skip
MEMBER_STATES = frozenset(_FORMS)


def valid(number: str, country: str) -> bool:
    """Whether the number has the form of the member state's own, with its prefix (Greece writes EL)."""
    form = _FORMS.get(country)
    if form is None:
        return False
    prefix = "EL" if country == "GR" else country
    return re.fullmatch(f"{prefix}{form}", re.sub(r"[\s.-]", "", number).upper()) is not None
