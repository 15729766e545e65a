"""A real etcd and kube-apiserver on free loopback ports, with RBAC and an audit log.

There is no kubelet and no controller: tests write the status of Jobs, Deployments and Pods.
`tests/integration/conftest.py` starts one for all tests of a process.
"""

import json
import ssl
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import urllib3
import yaml

from support.folders import find_program
from support.ports import free_port
from support.waiting import wait_until
from trimtab_operator.cluster.resources import MONITOR_RBAC, RBAC, Rule, Scope

START_SECONDS = 60.0
SYSTEM = "trimtab-system"
ACCOUNT = "trimtab-operator"
MONITOR_ACCOUNT = "trimtab-monitor"
ACCOUNTS = {ACCOUNT: RBAC, MONITOR_ACCOUNT: MONITOR_RBAC}
"""What the accounts of the release may do."""
OPERATOR_USER = f"system:serviceaccount:{SYSTEM}:{ACCOUNT}"
LEASES = f"/apis/coordination.k8s.io/v1/namespaces/{SYSTEM}/leases"
CRDS = Path(__file__).parents[2] / "crds"
AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "Metadata", "userGroups": ["system:serviceaccounts"]},
        {"level": "None"},
    ],
}

Object = dict[str, Any]


class ApiError(Exception):
    """The API server's refusal."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status} {message}")
        self.status = status
        self.message = message


@dataclass(frozen=True, slots=True)
class Call:
    """One request of the operator in the audit log."""

    verb: str
    group: str
    resource: str
    namespace: str
    name: str
    user_agent: str = field(compare=False, default="")


@dataclass(frozen=True, slots=True)
class ApiServer:
    """A running API server and an administrator's access to it."""

    url: str
    folder: Path
    _connections: urllib3.HTTPSConnectionPool = field(repr=False, compare=False)

    @property
    def certificate_authority(self) -> Path:
        """File of the server's certificate authority."""
        return self.folder / "ca.crt"

    def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        content_type: str = "application/json",
    ) -> Object:
        """Send one request as administrator; raises ApiError."""
        data = json.dumps(body).encode() if body is not None else None
        headers = {"Content-Type": content_type}
        answer = self._connections.urlopen(method, path, data, headers)
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise ApiError(answer.status, answer.data.decode())
        parsed: Object = json.loads(answer.data)
        return parsed

    def get(self, path: str) -> Object | None:
        """Return an object, or None where there is none."""
        try:
            return self.request("GET", path)
        except ApiError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def items(self, path: str) -> list[Object]:
        """Return the items of a list."""
        found: list[Object] = self.request("GET", path)["items"]
        return found

    def apply(self, path: str, manifest: Mapping[str, Any], manager: str = "test") -> Object:
        """Server-side apply an object, or a subresource, at its path."""
        query = f"?fieldManager={manager}&force=true&fieldValidation=Strict"
        return self.request("PATCH", path + query, manifest, "application/apply-patch+yaml")

    def merge(self, path: str, patch: Mapping[str, Any]) -> Object:
        """Merge-patch an object or a subresource."""
        return self.request("PATCH", path, patch, "application/merge-patch+json")

    def free_lease(self, name: str) -> None:
        """Let a dead one's Lease be taken at once, as if it had been given back."""
        self.merge(f"{LEASES}/{name}", {"spec": {"holderIdentity": ""}})

    def create_namespace(self, name: str) -> str:
        """Create a namespace and return its name."""
        self.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        return name

    def operator_kubeconfig(self, account: str = ACCOUNT) -> Path:
        """Write a kubeconfig with a token of the operator's ServiceAccount, or the monitor's."""
        answer = self.request(
            "POST",
            f"/api/v1/namespaces/{SYSTEM}/serviceaccounts/{account}/token",
            {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}},
        )
        path = self.folder / f"{account}.kubeconfig"
        path.write_text(yaml.safe_dump(self._kubeconfig({"token": answer["status"]["token"]})))
        return path

    def admin_kubeconfig(self, path: Path) -> Path:
        """Write a kubeconfig with an administrator's certificate."""
        names = {"client-certificate": "admin.crt", "client-key": "admin.key"}
        user = {field: str(self.folder / name) for field, name in names.items()}
        path.write_text(yaml.safe_dump(self._kubeconfig(user)))
        return path

    def operator_calls(self) -> list[Call]:
        """Return the operator's requests so far, oldest first."""
        lines = (self.folder / "audit.log").read_text().splitlines()
        return [_call(entry) for entry in map(json.loads, lines) if _is_operators(entry)]

    def _kubeconfig(self, user: Object) -> Object:
        cluster = {
            "server": self.url,
            "certificate-authority": str(self.certificate_authority),
        }
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": "test", "user": user}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        }


@pytest.fixture(scope="session")
def api_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """One API server for the whole session, with Trimtab's kinds and the operator's account."""
    with run_api_server(tmp_path_factory.mktemp("apiserver")) as server:
        yield server


@contextmanager
def run_api_server(folder: Path) -> Iterator[ApiServer]:
    """Start etcd and an API server and stop them, in that order reversed, at the end."""
    _make_certificates(folder)
    (folder / "audit-policy.yaml").write_text(yaml.safe_dump(AUDIT_POLICY))
    clients, peers, secure = free_port(), free_port(), free_port()
    connections = _administrator(folder, secure)
    server = ApiServer(f"https://127.0.0.1:{secure}", folder, connections)
    with ExitStack() as stack:
        stack.callback(connections.close)
        stack.enter_context(_running(folder, "etcd", _etcd_flags(folder, clients, peers)))
        stack.enter_context(
            _running(folder, "kube-apiserver", _server_flags(folder, clients, secure))
        )
        wait_until(lambda: _is_ready(server), START_SECONDS, what="API server is ready")
        _install(server)
        yield server


def _administrator(folder: Path, port: int) -> urllib3.HTTPSConnectionPool:
    """Return kept connections: for who waits by asking, handshakes cost more than the answers."""
    context = ssl.create_default_context(cafile=str(folder / "ca.crt"))
    context.load_cert_chain(folder / "admin.crt", folder / "admin.key")
    return urllib3.HTTPSConnectionPool(
        "127.0.0.1", port, timeout=30, maxsize=32, retries=False, ssl_context=context
    )


def _etcd_flags(folder: Path, clients: int, peers: int) -> list[str]:
    client, peer = f"http://127.0.0.1:{clients}", f"http://127.0.0.1:{peers}"
    return [
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",
    ]


def _server_flags(folder: Path, clients: int, secure: int) -> list[str]:
    return [
        f"--etcd-servers=http://127.0.0.1:{clients}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        "--endpoint-reconciler-type=none",
        f"--secure-port={secure}",
        f"--tls-cert-file={folder / 'server.crt'}",
        f"--tls-private-key-file={folder / 'server.key'}",
        f"--client-ca-file={folder / 'ca.crt'}",
        f"--service-account-key-file={folder / 'accounts.key'}",
        f"--service-account-signing-key-file={folder / 'accounts.key'}",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--authorization-mode=RBAC",
        # No controller makes the `default` account that this plugin asks of every pod.
        "--disable-admission-plugins=ServiceAccount",
        f"--audit-log-path={folder / 'audit.log'}",
        f"--audit-policy-file={folder / 'audit-policy.yaml'}",
    ]


@contextmanager
def _running(folder: Path, program: str, flags: Sequence[str]) -> Iterator[None]:
    command = [find_program(program), *flags]
    with (folder / f"{program}.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield
    finally:
        # Nothing of it is kept, and its own end waits for watches whose clients were killed.
        process.kill()
        process.wait()


def _make_certificates(folder: Path) -> None:
    _openssl(folder, "genrsa", "-out", "accounts.key", "2048")
    _make_key(folder, "ca")
    _openssl(
        folder, "req", "-x509", "-new", "-key", "ca.key", "-subj", "/CN=test-ca", "-out", "ca.crt"
    )
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:10.96.0.1"
    for name, subject in (
        ("server", "/CN=kube-apiserver"),
        ("admin", "/O=system:masters/CN=admin"),
    ):
        _make_key(folder, name)
        _openssl(
            folder, "req", "-new", "-key", f"{name}.key", "-subj", subject, "-out", f"{name}.csr"
        )
        (folder / f"{name}.ext").write_text(f"{names}\nextendedKeyUsage=serverAuth,clientAuth\n")
        signing = (
            "-CA",
            "ca.crt",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-extfile",
            f"{name}.ext",
        )
        _openssl(folder, "x509", "-req", "-in", f"{name}.csr", *signing, "-out", f"{name}.crt")


def _make_key(folder: Path, name: str) -> None:
    _openssl(folder, "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key")


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def _is_ready(server: ApiServer) -> bool:
    try:
        server.request("GET", "/api/v1/namespaces/kube-system")
    except (ApiError, urllib3.exceptions.HTTPError):
        return False
    return True


def _install(server: ApiServer) -> None:
    """Create the kinds, and the accounts with exactly the rules of `ACCOUNTS`."""
    definitions = [yaml.safe_load(path.read_text()) for path in sorted(CRDS.glob("*.yaml"))]
    for definition in definitions:
        name = definition["metadata"]["name"]
        server.apply(f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}", definition)
    server.create_namespace(SYSTEM)
    for account, rules in ACCOUNTS.items():
        _create_account(server, account, rules)
    for definition in definitions:
        wait_until(partial(_is_served, server, definition), START_SECONDS)


def _create_account(server: ApiServer, account: str, rules: Sequence[Rule]) -> None:
    server.request(
        "POST", f"/api/v1/namespaces/{SYSTEM}/serviceaccounts", {"metadata": {"name": account}}
    )
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    for scope, kind, path in (
        (Scope.WATCHED, "ClusterRole", rbac),
        (Scope.OWN, "Role", f"{rbac}/namespaces/{SYSTEM}"),
    ):
        role = {"metadata": {"name": account}, "rules": _rules(rules, scope)}
        server.request("POST", f"{path}/{kind.lower()}s", role)
        server.request("POST", f"{path}/{kind.lower()}bindings", _binding(kind, account))


def _rules(rules: Sequence[Rule], scope: Scope) -> list[Object]:
    return [
        {"apiGroups": [rule.group], "resources": [rule.resource], "verbs": list(rule.verbs)}
        for rule in rules
        if rule.scope is scope
    ]


def _binding(kind: str, account: str) -> Object:
    return {
        "metadata": {"name": account},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": account},
        "subjects": [{"kind": "ServiceAccount", "namespace": SYSTEM, "name": account}],
    }


def _is_served(server: ApiServer, definition: Object) -> bool:
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/"
    live = server.request("GET", path + definition["metadata"]["name"])
    conditions = {item["type"]: item["status"] for item in live["status"].get("conditions", [])}
    return conditions.get("Established") == "True" and _is_listed(server, definition["spec"])


def _is_listed(server: ApiServer, spec: Object) -> bool:
    """Return whether a kind can be listed; an established one may still answer 429."""
    version, plural = spec["versions"][0]["name"], spec["names"]["plural"]
    try:
        server.items(f"/apis/{spec['group']}/{version}/{plural}")
    except ApiError:
        return False
    return True


def _is_operators(entry: Object) -> bool:
    return entry["user"]["username"] == OPERATOR_USER and "objectRef" in entry


def _call(entry: Object) -> Call:
    target = entry["objectRef"]
    resource = "/".join(
        part for part in (target["resource"], target.get("subresource", "")) if part
    )
    return Call(
        verb=entry["verb"],
        group=target.get("apiGroup", ""),
        resource=resource,
        namespace=target.get("namespace", ""),
        name=target.get("name", ""),
        user_agent=entry.get("userAgent", ""),
    )
