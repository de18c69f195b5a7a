"""The legacy ERP: IDoc flat files over SFTP, a nightly batch window, and a double-entry ledger behind it."""

from simulators.erp_legacy.app import LegacyErp
from simulators.erp_legacy.layouts import RECORDS
from simulators.kit.system import Settings

__all__ = ["RECORDS", "LegacyErp", "create"]


def create(settings: Settings) -> LegacyErp:
    """The legacy ERP: IDoc flat files over SFTP, nightly batch window, ledger."""
    return LegacyErp(settings)
