"""What points real SDKs and scripts at a running stack: addresses and credentials by the names of variables."""

from harness.stack.credentials import Credentials
from harness.stack.world import Addresses
from simulators import erp_cloud
from simulators.salesforce import PRIVATE_KEY


def variables_of(addresses: Addresses, secret: Credentials) -> dict[str, str]:
    """For the systems, the file drop, the edge and the core."""
    salesforce, cloud = secret.systems["salesforce"], secret.systems["erp_cloud"]
    values = {
        "SALESFORCE_URL": addresses.systems["salesforce"], "SALESFORCE_CLIENT_ID": salesforce["client_id"],
        "SALESFORCE_CLIENT_SECRET": salesforce["client_secret"], "SALESFORCE_USERNAME": salesforce["username"],
        "SALESFORCE_PASSWORD": salesforce["password"], "SALESFORCE_SECURITY_TOKEN": salesforce["security_token"],
        "SALESFORCE_JWT_KEY_FILE": str(PRIVATE_KEY),
        "CHARGEBEE_ENDPOINT": f"{addresses.systems['subscriptions']}/api/v2",
        "CHARGEBEE_API_KEY": secret.systems["subscriptions"]["api_key"],
        "NETSUITE_URL": f"{addresses.systems['erp_cloud']}/services/rest", "NETSUITE_ACCOUNT": cloud["account"],
        "NETSUITE_CONSUMER_KEY": cloud["consumer_key"], "NETSUITE_CONSUMER_SECRET": cloud["consumer_secret"],
        "NETSUITE_TOKEN_ID": cloud["token_id"], "NETSUITE_TOKEN_SECRET": cloud["token_secret"],
        "NETSUITE_M2M_CLIENT_ID": cloud["m2m_client_id"], "NETSUITE_M2M_CERTIFICATE_ID": cloud["m2m_certificate_id"],
        "NETSUITE_M2M_RSA_CERTIFICATE_ID": erp_cloud.RSA_CERTIFICATE,
        "NETSUITE_M2M_RSA_KEY_FILE": str(erp_cloud.PRIVATE_KEY),
        "LEGACY_SFTP_HOST": addresses.sftp_host, "LEGACY_SFTP_PORT": str(addresses.sftp_port),
        "METERING_URL": addresses.systems["metering"], "METERING_TOKEN": secret.systems["metering"]["token"],
    }  # fmt: skip
    if addresses.m2m_key_file:
        values["NETSUITE_M2M_KEY_FILE"] = addresses.m2m_key_file
    for partner, sign_in in secret.partners.items():
        values[f"LEGACY_{partner}_USER"] = sign_in["username"]
        values[f"LEGACY_{partner}_PASSWORD"] = sign_in["password"]
    if addresses.edge is not None:
        edge = addresses.edge
        values |= {"EDGE_PROXY": edge.proxy, "EDGE_HTTPS": edge.https, "EDGE_CA": edge.ca}
    if addresses.bus is not None:
        bus = addresses.bus
        values |= {"SALESFORCE_PUBSUB": bus.grpc, "SALESFORCE_PUBSUB_TLS": bus.grpc_tls, "SALESFORCE_HTTPS": bus.https,
                   "SALESFORCE_CA": bus.ca}  # fmt: skip
    return values | {
        "SYNCCORE_API": addresses.core, "SYNCCORE_API_TOKEN": secret.core_token,
        "WINDTUNNEL_CONTROL_TOKEN": secret.control_token,
    }  # fmt: skip
