"""A server on loopback that misbehaves as a script says, and the way a run asks it."""

import json
import ssl
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from lm_eval.api.instance import Instance
from lm_eval.models.api_models import JsonChatStr

from benchmark.servers import client
from benchmark.storage.answers import StoredLM
from benchmark.storage.store import AnswerStore
from benchmark.system import SystemSpec
from benchmark.systems.backends import load_backend

CHAT, PLAIN = "local-chat-completions", "local-completions"
KEY = "sk-do-not-show-me-0123456789"
SELF_SIGNED = Path(__file__).parent / "self_signed.pem"
"""Key and certificate of 127.0.0.1, made for these tests; no authority knows it."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waiting between tries, and no key of this machine, for every test of a module that has this in a name."""
    monkeypatch.setattr(client, "FIRST_WAIT", 0.001)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


@dataclass(frozen=True)
class Answer:
    """What the server sends; `drop` closes the connection, `hang` waits for the test's end."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: bool = False
    hang: bool = False


def chat(content: object, finish: str | None = "stop", **message: object) -> Answer:
    choice = {"index": 0, "message": {"role": "assistant", "content": content, **message}, "finish_reason": finish}
    return Answer(json.dumps({"choices": [choice], "usage": {"prompt_tokens": 5, "completion_tokens": 3}}).encode())


def error(status: int, message: str = "no", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(json.dumps({"error": {"message": message}}).encode(), status, named)


@dataclass(frozen=True)
class Seen:
    """One request that arrived."""

    prompt: str
    path: str
    payload: dict[str, Any]
    headers: dict[str, str]
    at: float
    """Seconds on the monotonic clock."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *whose: Any) -> None:
        """Say nothing of a client that hung up, as one does that is waited for no longer, or that trusts no certificate."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(*whose)


class Stub:
    """The server: `script(prompt, attempt)` says what to send, attempts counted from 1 for each prompt."""

    def __init__(self, script: Callable[[str, int], Answer], tls: bool) -> None:
        self.script = script
        self.seen: list[Seen] = []
        self.over = threading.Event()
        self._attempts: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self.url = f"http{'s' * tls}://127.0.0.1:{self._server.server_address[1]}"
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(SELF_SIGNED)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    def serve(self) -> None:
        self._server.serve_forever(poll_interval=0.01)

    def close(self) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()

    def answer(self, path: str, payload: dict[str, Any], headers: dict[str, str]) -> Answer:
        prompt = payload["messages"][-1]["content"] if "messages" in payload else str(payload["prompt"])
        with self._lock:
            self._attempts[prompt] += 1
            attempt = self._attempts[prompt]
            self.seen.append(Seen(prompt, path, payload, headers, time.monotonic()))
        return self.script(prompt, attempt)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                payload = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                answer = stub.answer(self.path, payload, dict(self.headers))
                if answer.hang:
                    stub.over.wait(30)
                if answer.drop or answer.hang:
                    self.close_connection = True
                    return
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, *_: object) -> None:
                """Say nothing on stderr."""

        return Handler


@contextmanager
def serving(script: Callable[[str, int], Answer], *, tls: bool = False) -> Iterator[Stub]:
    stub = Stub(script, tls)
    thread = threading.Thread(target=stub.serve, daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        stub.close()
        thread.join(10)


def spec(url: str, backend: str = CHAT, model: str = "served", **arguments: Any) -> SystemSpec:
    given = {"base_url": url, "max_retries": 3, "timeout": 20.0} | arguments
    return SystemSpec(model, backend=backend, backend_args=given, apply_chat_template=backend != PLAIN)


class Asker:
    """A server's model with a store, as a run puts them together."""

    def __init__(self, folder: Path, system: SystemSpec) -> None:
        self.chats = system.apply_chat_template
        self.backend: Any = load_backend(system, 1, None)
        self.backend.log_requests(folder / "requests.jsonl")
        self.store = AnswerStore(folder / "answers.db")
        self.lm = StoredLM(self.backend, self.store)

    def ask(self, *prompts: str, **settings: Any) -> list[str]:
        given = {"until": ["###"], "max_gen_toks": 16, "do_sample": False, "temperature": 0.0} | settings
        return self.lm.generate_until([self._request(prompt, given) for prompt in prompts])

    def log(self) -> list[dict[str, Any]]:
        path = self.backend.client.log.path
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    def _request(self, prompt: str, settings: dict[str, Any]) -> Instance:
        chats = self.chats
        messages = json.dumps([{"role": "user", "content": prompt}], ensure_ascii=False)
        return Instance("generate_until", {}, (JsonChatStr(messages) if chats else prompt, settings), 0)
