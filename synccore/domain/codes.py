"""Country names as people type them, as ISO 3166 two-letter codes."""

NAMES = {
    "united states": "US", "united states of america": "US", "usa": "US", "u.s.": "US", "u.s.a.": "US",
    "singapore": "SG", "germany": "DE", "deutschland": "DE", "japan": "JP", "united kingdom": "GB", "france": "FR",
    "canada": "CA", "australia": "AU", "austria": "AT", "belgium": "BE", "brazil": "BR", "china": "CN", "india": "IN",
    "italy": "IT", "jordan": "JO", "kenya": "KE", "korea": "KR", "south korea": "KR", "malaysia": "MY",
    "mexico": "MX", "netherlands": "NL", "norway": "NO", "panama": "PA", "philippines": "PH", "poland": "PL",
    "romania": "RO", "spain": "ES", "sweden": "SE", "switzerland": "CH", "ireland": "IE", "denmark": "DK",
    "finland": "FI", "portugal": "PT", "czech republic": "CZ", "czechia": "CZ", "hong kong": "HK", "taiwan": "TW",
    "thailand": "TH", "vietnam": "VN", "indonesia": "ID", "new zealand": "NZ", "south africa": "ZA",
}  # fmt: skip


def country_code(text: str | None) -> str:
    """The two-letter code of a country given as a code or by name; '' when it is neither."""
    given = (text or "").strip()
    if len(given) == 2 and given.isalpha():
        return given.upper()
    return NAMES.get(given.lower(), "")
