"""How the operator reaches the API server and proves who it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kubernetes.aio.client.configuration import Configuration
from kubernetes.aio.config.incluster_config import (
    SERVICE_CERT_FILENAME,
    SERVICE_HOST_ENV_NAME,
    SERVICE_TOKEN_FILENAME,
    load_incluster_config,
)
from kubernetes.aio.config.kube_config import load_kube_config

ANONYMOUS = "system:anonymous"


@dataclass(frozen=True, slots=True)
class Login:
    """Where the API server is and what is shown to it.

    Attributes:
        server: URL.
        ca: file of the certificate authority.
        token: bearer token, without its scheme.
        certificate: file of a client certificate.
        key: file of its private key.
    """

    server: str
    ca: str | None
    token: str | None = None
    certificate: str | None = None
    key: str | None = None


async def load_configuration(environment: Mapping[str, str]) -> Configuration:
    """Return the client's configuration: KUBECONFIG where it is set, else the pod's own account."""
    configuration = Configuration()
    if "KUBECONFIG" in environment or SERVICE_HOST_ENV_NAME not in environment:
        await load_kube_config(  # type: ignore[no-untyped-call] # the client has no types
            config_file=environment.get("KUBECONFIG"),
            client_configuration=configuration,
            persist_config=False,
        )
    else:
        load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call] # same
    return configuration


def read_login(configuration: Configuration) -> Login:
    """Return the same login for another client; a pod's token is read anew, because it rotates."""
    token = configuration.api_key.get("BearerToken")
    if configuration.ssl_ca_cert == SERVICE_CERT_FILENAME:
        token = Path(SERVICE_TOKEN_FILENAME).read_text(encoding="utf-8")
    return Login(
        server=configuration.host,
        ca=configuration.ssl_ca_cert,
        token=token.split()[-1] if token else None,
        certificate=configuration.cert_file,
        key=configuration.key_file,
    )
