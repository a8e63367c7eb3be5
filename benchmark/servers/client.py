"""Asks a server, many requests at once, each again after a passing trouble, and hands over every answer as it comes."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from benchmark.errors import UserError
from benchmark.servers import network
from benchmark.servers.endpoint import Endpoint
from benchmark.servers.replies import Malformed, Reader, Reply, read
from benchmark.servers.request_log import RequestLog
from benchmark.servers.troubles import Trouble, failure, refusal
from benchmark.servers.words import shown

FIRST_WAIT, MOST_WAIT = 1.0, 60.0
"""Seconds before the second try, doubling up to the most."""
_NO_TLS = "check that --base-url names a port that speaks https, or write http:// there"
_notices = logging.getLogger(__name__)


@dataclass(frozen=True)
class Call:
    """One request."""

    payload: Mapping[str, Any]
    reader: Reader
    arguments: Sequence[Any] | None = None
    """What the answer is kept under; None for a part of a larger answer."""


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
            async with network.session(self.endpoint) as session, asyncio.TaskGroup() as group:
                for _ in range(min(self.endpoint.num_concurrent, len(calls))):
                    group.create_task(work(session))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
        return [replies[position] for position in range(len(calls))]

    async def _ask(self, session: aiohttp.ClientSession, call: Call) -> Reply:
        attempts = AsyncRetrying(
            stop=stop_after_attempt(self.endpoint.max_retries),
            wait=_wait,
            retry=retry_if_exception_type(Trouble),
            before_sleep=self._announce,
            reraise=True,
        )
        try:
            async for attempt in attempts:
                with attempt:
                    return await self._try(session, call, attempt.retry_state.attempt_number)
        except Trouble as trouble:
            tries = f"{trouble} ({self.endpoint.max_retries} tries)"
            raise failure(self.endpoint, tries, trouble.status, remedy=trouble.remedy) from None
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
        except Trouble as trouble:
            facts["error"] = trouble.kind
            raise
        except UserError:
            facts["error"] = "the run ends"
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
            raise Trouble(f"no answer within {self.endpoint.timeout:g} s") from None
        except aiohttp.ClientConnectorCertificateError:
            remedy = "give its authority with --backend-arg ca_cert_path=…"
            raise failure(self.endpoint, "its certificate cannot be verified", None, remedy=remedy) from None
        except (aiohttp.ClientError, OSError) as error:
            remedy = _NO_TLS if isinstance(error, aiohttp.ClientSSLError) else ""
            words = shown(self.endpoint, str(error), call.payload)
            raise Trouble(type(error).__name__, words, remedy=remedy) from None
        if response.status != 200:
            raise refusal(self.endpoint, call.payload, response.status, response.headers, body)
        try:
            return read(body, call.reader)
        except Malformed as error:
            raise Trouble(str(error), shown(self.endpoint, error.words, call.payload), response.status) from None

    def _announce(self, state: RetryCallState) -> None:
        """Say once of each kind of trouble that it is there; the log has every case."""
        trouble = state.outcome.exception() if state.outcome else None
        if isinstance(trouble, Trouble) and trouble.kind not in self._announced:
            self._announced.add(trouble.kind)
            seconds = state.next_action.sleep if state.next_action else 0.0
            _notices.warning("%s: %s; trying again in %.0f s", self.endpoint.url, trouble, seconds)


def _wait(state: RetryCallState) -> float:
    """Seconds before the next try: doubling, and never less than the server asked for."""
    trouble = state.outcome.exception() if state.outcome else None
    backoff = wait_exponential_jitter(initial=FIRST_WAIT, max=MOST_WAIT, jitter=FIRST_WAIT)(state)
    return max(backoff, trouble.wait if isinstance(trouble, Trouble) else 0.0)
