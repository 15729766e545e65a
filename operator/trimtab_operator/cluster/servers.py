"""Asks the pods of a model server which plan they follow."""

import asyncio
import logging
from collections.abc import Sequence
from http import HTTPStatus

import aiohttp
from pydantic import ValidationError

from trimtab_operator.domain.observed import PodView
from trimtab_operator.manifests.server import ADMIN_PORT
from trimtab_stages.contract.serving_plan import ServerState

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 2.0
MAX_ANSWER = 1 << 20


class Servers:
    """Reads `GET /plan` of servers' admin ports.

    Args:
        session: HTTP session; closed by its owner.
        port: admin port of the pods.
    """

    def __init__(self, session: aiohttp.ClientSession, port: int = ADMIN_PORT) -> None:
        self._session = session
        self._port = port

    async def read_states(self, pods: Sequence[PodView]) -> dict[str, ServerState]:
        """Return the answers by pod name; pods without an address or answer are left out."""
        asked = [pod for pod in pods if pod.ip]
        answers = await asyncio.gather(*(self._read_state(pod) for pod in asked))
        pairs = zip(asked, answers, strict=True)
        return {pod.name: answer for pod, answer in pairs if answer is not None}

    async def _read_state(self, pod: PodView) -> ServerState | None:
        host = f"[{pod.ip}]" if ":" in pod.ip else pod.ip
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        url = f"http://{host}:{self._port}/plan"
        try:
            async with self._session.get(url, timeout=timeout, allow_redirects=False) as answer:
                if answer.status != HTTPStatus.OK:
                    return None
                return ServerState.model_validate_json(await _read_limited(answer))
        except (aiohttp.ClientError, TimeoutError, OSError, ValidationError) as error:
            logger.debug("no plan state", extra={"pod": pod.name, "cause": str(error)})
            return None


async def _read_limited(answer: aiohttp.ClientResponse) -> bytes:
    """Return the body, cut off at `MAX_ANSWER`: a pod must not fill the operator's memory."""
    data = bytearray()
    async for chunk in answer.content.iter_any():
        data += chunk
        if len(data) >= MAX_ANSWER:
            break
    return bytes(data[:MAX_ANSWER])
