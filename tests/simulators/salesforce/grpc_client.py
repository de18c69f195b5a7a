"""An independent subscriber: stubs made from the .proto that the vendor's Node client ships, plain grpc, fastavro."""

import importlib
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import fastavro
import grpc
import requests

from tests.node.programs import PACKAGES, installed

GENESIS = "1767603600"


@cache
def stubs() -> tuple[Any, Any]:
    """Messages and stubs as any user of the public .proto has them."""
    installed()
    source = PACKAGES / "salesforce-pubsub-api-client" / "pubsub_api.proto"
    folder = tempfile.mkdtemp(prefix="pubsub-stubs-")
    command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{source.parent}", f"--python_out={folder}",
               f"--grpc_python_out={folder}", source.name]  # fmt: skip
    subprocess.run(command, check=True)
    sys.path.insert(0, folder)
    try:
        return importlib.import_module("pubsub_api_pb2"), importlib.import_module("pubsub_api_pb2_grpc")
    finally:
        sys.path.remove(folder)


@contextmanager
def served(**settings: Any) -> Iterator["Server"]:
    """The simulator's own process."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({"control_token": "control", **settings}, file)
        file.flush()
        command = [sys.executable, "-m", "simulators.salesforce", "--genesis", GENESIS, "--settings", file.name]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "no_proxy": "*"})
        assert process.stdout is not None
        server = Server(json.loads(process.stdout.readline()))
    try:
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0


class Server:
    """Where it is, and a signed-in caller."""

    def __init__(self, ready: dict[str, Any]) -> None:
        self.ready = ready
        self.url = f"http://127.0.0.1:{ready['port']}"
        self.session = requests.Session()
        self.session.trust_env = False
        form = {
            "grant_type": "client_credentials",
            "client_id": "windtunnel-core",
            "client_secret": "windtunnel-secret",
        }
        self.token = self.session.post(f"{self.url}/services/oauth2/token", data=form, timeout=10).json()[
            "access_token"
        ]
        self.session.headers["Authorization"] = f"Bearer {self.token}"

    def create(self, sobject: str, **fields: Any) -> str:
        reply = self.session.post(f"{self.url}/services/data/v60.0/sobjects/{sobject}", json=fields, timeout=10)
        assert reply.status_code == 201, reply.text
        return str(reply.json()["id"])

    def control(self, path: str, body: Any) -> Any:
        headers = {"x-control-token": "control"}
        return self.session.post(f"{self.url}/_control/{path}", json=body, headers=headers, timeout=10).json()

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        return (("accesstoken", self.token), ("instanceurl", self.url), ("tenantid", self.token.split("!")[0]))

    def plain(self) -> grpc.Channel:
        return grpc.insecure_channel(f"127.0.0.1:{self.ready['grpc_port']}")

    def secure(self) -> grpc.Channel:
        trusted = grpc.ssl_channel_credentials(Path(self.ready["ca"]).read_bytes())
        return grpc.secure_channel(f"localhost:{self.ready['grpc_tls_port']}", trusted)


class Subscriber:
    """As the vendor's Python sample: a request generator behind a semaphore, schemas looked up once."""

    def __init__(self, server: Server, channel: grpc.Channel, topic: str, number: int, **fields: Any) -> None:
        self.pb, grpc_stubs = stubs()
        self.stub = grpc_stubs.PubSubStub(channel)
        self.server, self._topic, self._number, self._fields = server, topic, number, fields
        self._more = threading.Semaphore(1)
        self._schemas: dict[str, Any] = {}
        self.largest = 0
        self.call = self.stub.Subscribe(self._requests(), metadata=server.metadata)
        self.call.initial_metadata()  # from here on the subscription is in force

    def _requests(self) -> Iterator[Any]:
        while self._more.acquire():
            yield self.pb.FetchRequest(topic_name=self._topic, num_requested=self._number, **self._fields)

    def events(self, number: int) -> list[tuple[bytes, dict[str, Any]]]:
        """The next so many events, decoded."""
        found: list[tuple[bytes, dict[str, Any]]] = []
        for answer in self.call:
            self.largest = max(self.largest, len(answer.events))
            assert len(answer.latest_replay_id) >= 8
            found += [(one.replay_id, self._read(one.event)) for one in answer.events]
            if len(found) >= number:
                break
            if answer.pending_num_requested == 0:
                self._more.release()
        assert len(found) == number
        return found

    def _read(self, event: Any) -> dict[str, Any]:
        if event.schema_id not in self._schemas:
            asked = self.pb.SchemaRequest(schema_id=event.schema_id)
            schema = self.stub.GetSchema(asked, metadata=self.server.metadata)
            self._schemas[event.schema_id] = fastavro.parse_schema(json.loads(schema.schema_json))
        record: Any = fastavro.schemaless_reader(io.BytesIO(event.payload), self._schemas[event.schema_id], None)
        return dict(record)

    def close(self) -> None:
        self.call.cancel()
