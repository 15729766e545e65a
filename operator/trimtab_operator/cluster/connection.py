"""Opens the connection to the API server and proves that it is authenticated."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from kubernetes.aio.client.api_client import ApiClient
from kubernetes.aio.config.config_exception import ConfigException

from trimtab_operator.cluster.client import Cluster
from trimtab_operator.cluster.login import ANONYMOUS, Login, load_configuration, read_login
from trimtab_operator.errors import NotAuthenticated, Retryable

logger = logging.getLogger(__name__)

RETRY_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Connection:
    """An open connection.

    Attributes:
        cluster: the client.
        login: returns the current login, for kopf's own client.
    """

    cluster: Cluster
    login: Callable[[], Login]


@asynccontextmanager
async def connect(
    environment: Mapping[str, str], field_manager: str, clock: Callable[[], float]
) -> AsyncIterator[Connection]:
    """Connect as the pod's account, or as KUBECONFIG says.

    Raises:
        NotAuthenticated: there is no usable login.
    """
    try:
        configuration = await load_configuration(environment)
    except (ConfigException, OSError) as error:
        raise NotAuthenticated(f"no login to the API server: {error}") from error
    async with ApiClient(configuration) as api:
        cluster = Cluster(api, field_manager, clock)
        yield Connection(cluster, lambda: read_login(configuration))


async def check_identity(cluster: Cluster) -> str:
    """Return the user that the API server takes this process for.

    A client library has once sent every request without its token, and said nothing.

    Raises:
        NotAuthenticated: the API server knows nobody.
        Retryable: it does not answer.
    """
    user = await cluster.whoami()
    if user == ANONYMOUS:
        raise NotAuthenticated("the API server takes the operator for system:anonymous")
    return user


async def wait_for_identity(cluster: Cluster) -> str:
    """Return this process's user as soon as the API server answers.

    Raises:
        NotAuthenticated: the API server knows nobody.
    """
    while True:
        try:
            return await check_identity(cluster)
        except Retryable as error:
            logger.warning("API server does not answer", extra={"cause": str(error)})
            await asyncio.sleep(RETRY_SECONDS)
