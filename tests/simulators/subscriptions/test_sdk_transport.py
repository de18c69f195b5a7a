"""What the vendor's client does when the wire is rough: retries with its own keys, refusals it can read."""

from typing import Any

import httpx
import pytest
from chargebee import api_error
from chargebee.main import Chargebee
from chargebee.retry_config import RetryConfig

from tests.simulators.subscriptions.site import CONTROL

pytestmark = pytest.mark.live

SIGNED_IN = {"authorization": "Basic dGVzdF9rOg==", "content-type": "application/x-www-form-urlencoded"}


def fault(port: int, **fields: Any) -> None:
    answer = httpx.post(f"http://127.0.0.1:{port}/_control/faults", json=fields, headers=CONTROL)
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("kind", ["server_error_before", "server_error_after", "limit"])
def test_the_client_retries_by_itself_and_the_call_runs_once(sdk: Any, port: int, kind: str) -> None:
    sdk.env.retry_config = RetryConfig(enabled=True, delay_ms=5)
    fault(port, id="rough", kind=kind, operation="customer.create", times=2)
    try:
        made = sdk.Customer.create({"id": "once", "company": "Once"})
    finally:
        sdk.env.retry_config = RetryConfig()
    assert made.customer.company == "Once"
    calls = httpx.get(f"http://127.0.0.1:{port}/_control/journal", headers=CONTROL).json()["entries"]
    sent = [one for one in calls if one.get("operation") == "customer.create"]
    assert [one["status"] for one in sent] == [429 if kind == "limit" else 503] * 2 + [200]
    assert [one["headers"].get("x-cb-retry-attempt") for one in sent] == [None, "1", "2"]
    keys = {one["headers"].get("chargebee-idempotency-key") for one in sent}
    assert len(keys) == 1 and None not in keys
    assert len(sdk.Customer.list().list) == 1


def test_the_same_key_is_answered_from_store_and_says_so(sdk: Any) -> None:
    headers = {"chargebee-idempotency-key": "k1"}
    first = sdk.Customer.create({"company": "A"}, headers=headers)
    again = sdk.Customer.create({"company": "A"}, headers=headers)
    assert again.customer.id == first.customer.id and again.is_idempotency_replayed
    with pytest.raises(api_error.InvalidRequestError) as other:
        sdk.Customer.create({"company": "B"}, headers=headers)
    assert other.value.api_error_code == "invalid_request"


def test_forged_credentials_and_huge_metadata_are_refused_in_words_that_the_client_reads(sdk: Any, port: int) -> None:
    forged = Chargebee(api_key="test_forged", site="acme-test", protocol="http")
    forged.env.api_endpoint = sdk.env.api_endpoint
    with pytest.raises(api_error.APIError) as refused:
        forged.Customer.list()
    assert (refused.value.http_status_code, refused.value.api_error_code) == (401, "api_authentication_failed")
    for header in ("", "Basic", "Basic %%%", "Bearer test_k", "Basic dGVzdF9rOg", "Basic " + "A" * 20_000):
        answer = httpx.get(f"http://127.0.0.1:{port}/api/v2/customers", headers={"authorization": header})
        assert answer.json()["api_error_code"] == "api_authentication_failed", header
    with pytest.raises(api_error.InvalidRequestError) as large:
        sdk.Customer.create({"id": "huge", "meta_data": {"k": "x" * 10_000_000}})
    assert large.value.http_status_code == 413
    with pytest.raises(api_error.InvalidRequestError) as long:
        sdk.Customer.create({"id": "huge", "meta_data": {"k": "x" * 100_000}})
    assert long.value.param == "meta_data"
    with pytest.raises(api_error.InvalidRequestError):
        sdk.Customer.retrieve("huge")


@pytest.mark.parametrize(
    "body",
    [b"id=a&id[b]=c", b"a[b=1", b"a]b[=1", b"%zz=%", b"company=%ff%fe", b"\xff\xfe", b"=", b"&&&&", b"a[b][c][d][e]=1",
     b"billing_address=x", b"card[number][x]=1", b"[]=1", b"id[0]=x"],
)  # fmt: skip
def test_malformed_forms_are_answered_in_the_vendors_shape(sdk: Any, port: int, body: bytes) -> None:
    answer = httpx.post(f"http://127.0.0.1:{port}/api/v2/customers", content=body, headers=SIGNED_IN)
    said = answer.json()
    assert answer.status_code == 200 or said["api_error_code"] in ("invalid_request", "param_wrong_value"), said
    assert len(sdk.Customer.list().list) == (answer.status_code == 200)
