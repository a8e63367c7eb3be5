"""Asks a server, many requests at once, each again after a passing trouble, and hands over every answer as it comes."""

import asyncio
import email.utils
import ipaddress
import json
import logging
import ssl
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from benchmark.errors import UserError
from benchmark.servers.endpoint import Endpoint
from benchmark.servers.replies import Malformed, Reader, Reply, read, said
from benchmark.servers.request_log import RequestLog

FIRST_WAIT, MOST_WAIT = 1.0, 60.0
"""Seconds before the second try, doubling up to the most."""
LONGEST_REQUESTED_WAIT = 600.0
"""A server that asks for a longer pause (a spent quota) ends the run: its answers are kept, and nobody is watching."""
_PASSING = {408, 425, 429, *range(500, 600)} - {501, 505}
_GO_ON = "then give the same command again: what is answered is kept"
_REMEDIES = {
    401: "check the key in {key}",
    403: "check the key in {key} and what it may be used for",
    404: "check --base-url and --model",
    413: "shorten the prompt (fewer --num-fewshot) or raise the server's context length",
    429: "lower --num-concurrent, or wait",
}

_notices = logging.getLogger(__name__)


@dataclass(frozen=True)
class Call:
    """One request."""

    payload: Mapping[str, Any]
    reader: Reader
    arguments: Sequence[Any] | None = None
    """What the answer is kept under; None for a part of a larger answer."""


class _Trouble(Exception):
    """A failure that may pass."""

    def __init__(self, message: str, status: int | None = None, wait: float = 0.0) -> None:
        super().__init__(message)
        self.status = status
        self.wait = wait
        """Seconds that the server asked for."""


class Client:
    """Requests to one server."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.log = RequestLog()
        self._announced: set[str] = set()

    def ask_all(self, calls: Sequence[Call], keep: Callable[[Call, Reply], None]) -> list[Reply]:
        """Ask every call; return the replies in the order of the calls.

        Args:
            calls: what to ask.
            keep: called with each reply the moment it is there, in the order of arrival, in the caller's thread.

        Raises:
            UserError: a request failed for good. The others under way are abandoned; what was kept stays. Or this
                is called from within an event loop, as a notebook's cells are.
        """
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return asyncio.run(self._ask_all(calls, keep))
        raise UserError("servers cannot be asked from within a notebook's cell; write `!rufinbench run …` in it")

    async def _ask_all(self, calls: Sequence[Call], keep: Callable[[Call, Reply], None]) -> list[Reply]:
        replies: dict[int, Reply] = {}
        waiting = iter(enumerate(calls))  # shared by the workers: each call is taken once

        async def work(session: aiohttp.ClientSession) -> None:
            for position, call in waiting:
                replies[position] = await self._ask(session, call)
                keep(call, replies[position])

        try:
            async with self._session() as session, asyncio.TaskGroup() as group:
                for _ in range(min(self.endpoint.num_concurrent, len(calls))):
                    group.create_task(work(session))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
        return [replies[position] for position in range(len(calls))]

    def _session(self) -> aiohttp.ClientSession:
        server = self.endpoint
        tls: ssl.SSLContext | bool = server.verify_certificate
        if server.ca_cert_path and server.verify_certificate:
            try:
                tls = ssl.create_default_context(cafile=server.ca_cert_path)
            except OSError as error:
                raise UserError(f"--backend-arg ca_cert_path={server.ca_cert_path}: {error.strerror}") from error
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=server.num_concurrent, ssl=tls),
            timeout=aiohttp.ClientTimeout(total=server.timeout),
            headers={"Authorization": f"Bearer {server.key}"} if server.key else {},
            proxy=_proxy(server.url),
        )

    async def _ask(self, session: aiohttp.ClientSession, call: Call) -> Reply:
        attempts = AsyncRetrying(
            stop=stop_after_attempt(self.endpoint.max_retries),
            wait=_wait,
            retry=retry_if_exception_type(_Trouble),
            before_sleep=self._announce,
            reraise=True,
        )
        try:
            async for attempt in attempts:
                with attempt:
                    return await self._try(session, call, attempt.retry_state.attempt_number)
        except _Trouble as trouble:
            raise self._failure(str(trouble), trouble.status, f" ({self.endpoint.max_retries} tries)") from None
        raise AssertionError("tenacity returns or raises")

    async def _try(self, session: aiohttp.ClientSession, call: Call, attempt: int) -> Reply:
        """One try, and its line in the log."""
        started = time.monotonic()
        facts: dict[str, Any] = {"attempt": attempt}
        try:
            reply = await self._exchange(session, call, facts)
            facts |= {"finish_reason": reply.finish_reason}
            facts |= {"prompt_tokens": reply.prompt_tokens, "completion_tokens": reply.completion_tokens}
            return reply
        except (_Trouble, UserError) as error:
            facts["error"] = str(error)
            raise
        except asyncio.CancelledError:
            facts["error"] = "abandoned"
            raise
        finally:
            self.log.write(seconds=round(time.monotonic() - started, 3), **facts)

    async def _exchange(self, session: aiohttp.ClientSession, call: Call, facts: dict[str, Any]) -> Reply:
        try:
            async with session.post(self.endpoint.url, json=call.payload, allow_redirects=False) as response:
                facts["status"] = response.status
                body = await response.read()
        except TimeoutError:
            raise _Trouble(f"no answer within {self.endpoint.timeout:g} s") from None
        except aiohttp.ClientSSLError:
            raise self._failure("its certificate cannot be verified", None) from None
        except (aiohttp.ClientError, OSError) as error:
            raise _Trouble(self._shown(str(error) or type(error).__name__)) from None
        if response.status != 200:
            raise self._refusal(response, body)
        try:
            return read(body, call.reader)
        except Malformed as error:
            raise _Trouble(self._shown(str(error)), response.status) from None

    def _refusal(self, response: aiohttp.ClientResponse, body: bytes) -> Exception:
        """What a status other than 200 means: a passing trouble, or the end."""
        words = self._shown(_error_text(body))
        message = f"HTTP {response.status}{f': {words}' if words else ''}"
        wait = _retry_after(response.headers.get("Retry-After"))
        if wait > LONGEST_REQUESTED_WAIT:
            return self._failure(f"{message} (it asks for a pause of {wait:.0f} s)", response.status)
        if response.status in _PASSING and b"insufficient_quota" not in body:
            return _Trouble(message, response.status, wait)
        if 300 <= response.status < 400:
            message += f" to {self._shown(response.headers.get('Location', '?'))}; give that as --base-url"
        return self._failure(message, response.status)

    def _failure(self, message: str, status: int | None, tries: str = "") -> UserError:
        remedy = _REMEDIES.get(status or 0, "")
        if not remedy and status is None:
            remedy = "check that the server runs, raise --timeout or lower --num-concurrent"
        elif not remedy:
            remedy = "see the server's log" if status == 200 or (status or 0) >= 500 else "see what the server says"
        remedy = remedy.format(key=self.endpoint.api_key_env)
        return UserError(f"{self.endpoint.url}: {message}{tries}; {remedy}, {_GO_ON}")

    def _shown(self, text: str) -> str:
        """A server's words for one line: short, and without the key, should it repeat that."""
        if self.endpoint.key:
            text = text.replace(self.endpoint.key, "***")
        return " ".join(text.split())[:300]

    def _announce(self, state: RetryCallState) -> None:
        """Say once of each kind of trouble that it is there; the log has every case."""
        trouble = str(state.outcome.exception()) if state.outcome else ""
        if trouble not in self._announced:
            self._announced.add(trouble)
            seconds = state.next_action.sleep if state.next_action else 0.0
            _notices.warning("%s: %s; trying again in %.0f s", self.endpoint.url, trouble, seconds)


def _wait(state: RetryCallState) -> float:
    """Seconds before the next try: doubling, and never less than the server asked for."""
    trouble = state.outcome.exception() if state.outcome else None
    backoff = wait_exponential_jitter(initial=FIRST_WAIT, max=MOST_WAIT, jitter=FIRST_WAIT)(state)
    return max(backoff, trouble.wait if isinstance(trouble, _Trouble) else 0.0)


def _retry_after(header: str | None) -> float:
    """Seconds that a Retry-After header asks for, given as seconds or as a date; 0 where there is none to be read."""
    if not header:
        return 0.0
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(header).timestamp() - time.time())
    except ValueError:
        return 0.0


def _error_text(body: bytes) -> str:
    text = body.decode("utf-8", errors="replace")
    try:
        return said(json.loads(text))
    except (json.JSONDecodeError, RecursionError):
        return text


def _proxy(url: str) -> str | None:
    """The proxy that the environment names for an address; none for this machine's own."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        own = ipaddress.ip_address(host).is_loopback
    except ValueError:
        own = host == "localhost"
    if own or urllib.request.proxy_bypass(host):
        return None
    return urllib.request.getproxies().get(parts.scheme)
