"""Idempotency keys: for 30 minutes the same key brings the stored answer back, and never runs a call twice."""

import hashlib

from simulators.kit.calls import Answer, Call
from simulators.kit.fidelity import approximate, exact
from simulators.kit.store import Store
from simulators.subscriptions.errors import Refused

exact(
    "idempotency keys: POST only, 30 minutes, stored errors too, `chargebee-idempotency-replayed`, a mismatch refused",
    source="documented",
    held_by="test_transport",
)
approximate(
    "mismatch of an idempotency key",
    "400 `invalid_request`",
    source="ours",
)

HEADER = "chargebee-idempotency-key"
KEPT_S = 30 * 60.0
LONGEST = 100
_MEANT = ("authorization", "content-type", "chargebee-business-entity-id", "chargebee-event-webhook",
          "chargebee-event-email", "chargebee-event-actions")  # fmt: skip


def key_of(call: Call) -> str | None:
    """The key of a POST, None when there is none; estimates and ingestion take none."""
    key = call.headers.get(HEADER)
    if key is None or call.method != "POST" or "/estimates/" in call.raw_path or "/usage_" in call.raw_path:
        return None
    if not key or len(key) > LONGEST:
        raise Refused("param_wrong_value", f"the header {HEADER} takes 1 to {LONGEST} characters", HEADER)
    return key


def fingerprint(call: Call) -> str:
    """What must be the same for a repeat: path, body and the headers that change what the call does."""
    parts = [call.target, *(f"{name}:{call.headers.get(name, '')}" for name in _MEANT)]
    return hashlib.blake2b("\n".join(parts).encode() + b"\n" + call.body, digest_size=16).hexdigest()


def replay(store: Store, key: str, call: Call) -> Answer | None:
    """The stored answer of this key, None when it is new; a key used for another call is refused."""
    stored = store.get("_idempotency", key)
    if stored is None or call.at - stored["at"] > KEPT_S:
        return None
    if stored["fingerprint"] != fingerprint(call):
        raise Refused("invalid_request", "the idempotency key was used before with another path, body or headers")
    headers = {"chargebee-idempotency-replayed": "true"}
    return Answer(stored["status"], stored["body"].encode(), stored["content_type"], headers)


def remember(store: Store, key: str, call: Call, answer: Answer) -> None:
    """Keep the answer with its call's effects; what has expired goes."""
    store.database.write("_idempotency", 'DELETE FROM "_idempotency" WHERE "at" < ?', (call.at - KEPT_S,))
    doc = {
        "id": key, "at": call.at, "fingerprint": fingerprint(call), "status": answer.status,
        "body": answer.body.decode(), "content_type": answer.content_type,
    }  # fmt: skip
    if store.get("_idempotency", key) is None:
        store.add_new("_idempotency", doc)
    else:
        store.put("_idempotency", doc)  # of a key that has expired
