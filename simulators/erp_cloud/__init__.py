"""The cloud ERP: NetSuite SuiteTalk REST and SuiteQL over double-entry books."""

from simulators.erp_cloud.app import ErpCloud
from simulators.erp_cloud.oauth2 import PRIVATE_KEY, RSA_CERTIFICATE
from simulators.erp_cloud.restlets import Restlet, RestletError
from simulators.kit.system import Settings, System


def create(settings: Settings) -> System:
    """A cloud ERP as NetSuite speaks it: SuiteTalk REST records, SuiteQL, TBA and OAuth2 M2M."""
    return ErpCloud(settings)


__all__ = ["PRIVATE_KEY", "RSA_CERTIFICATE", "Restlet", "RestletError", "create"]
