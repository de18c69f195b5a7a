"""No request whatever makes the API fail: generated from its own OpenAPI, with right and wrong inputs."""

import warnings

import hypothesis
import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import schemathesis
    from schemathesis import GenerationMode

from synccore import bootstrap
from tests.synccore.experience.desks import WEBHOOK, Office, token
from tests.synccore.reconciliation.books import agreeing

EXAMPLES = 6

bootstrap.configure_logs("error")
office = Office()
office.reads(agreeing())
schema = schemathesis.openapi.from_asgi("/openapi.json", office.app)
schema.config.generation.update(modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE])


@pytest.mark.filterwarnings("ignore")
@schema.parametrize()
@hypothesis.settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(hypothesis.HealthCheck),
    phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
)
def test_no_request_makes_it_fail(case: schemathesis.Case) -> None:
    webhook = case.path.startswith("/webhooks")
    case.call_and_validate(
        headers=WEBHOOK if webhook else token("operator"),
        excluded_checks=[schemathesis.checks.ignored_auth, schemathesis.checks.positive_data_acceptance],
    )
