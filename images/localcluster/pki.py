"""Keys, certificates and kubeconfigs; made once, renewed when what they state has changed."""

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from localcluster import commands
from localcluster.settings import API_PORT, API_SERVICE_ADDRESS, NODE_NAME, Settings

_DAYS = "3650"
_SERVICE_NAMES = (
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "localhost",
)


@dataclass(frozen=True)
class Certificate:
    """One certificate signed by the cluster's authority."""

    name: str
    subject: str
    usage: str = "clientAuth"
    dns: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()

    def extensions(self) -> str:
        """Return the OpenSSL configuration that requests this certificate."""
        names = [f"DNS:{name}" for name in self.dns] + [f"IP:{ip}" for ip in self.addresses]
        lines = [
            "[req]",
            "distinguished_name = subject",
            "x509_extensions = extensions",
            "[subject]",
            "[extensions]",
            "basicConstraints = CA:FALSE",
            "keyUsage = digitalSignature",
            f"extendedKeyUsage = {self.usage}",
        ]
        if names:
            lines.append(f"subjectAltName = {','.join(names)}")
        return "\n".join(lines) + "\n"


def certificates(node_ip: str) -> list[Certificate]:
    """Return every certificate that the cluster's parts need."""
    return [
        Certificate(
            "apiserver",
            "/CN=kube-apiserver",
            usage="serverAuth",
            dns=_SERVICE_NAMES,
            addresses=("127.0.0.1", API_SERVICE_ADDRESS, node_ip),
        ),
        Certificate(
            "kubelet",
            f"/O=system:nodes/CN=system:node:{NODE_NAME}",
            usage="serverAuth,clientAuth",
            dns=(NODE_NAME,),
            addresses=(node_ip,),
        ),
        # With a name of its own, bound to system:kubelet-api-admin: `kubectl exec` and `logs`.
        Certificate("kubelet-client", "/CN=trimtab:apiserver-kubelet-client"),
        Certificate("front-proxy", "/CN=front-proxy-client"),
        Certificate("admin", "/O=system:masters/CN=admin"),
        Certificate("controller-manager", "/CN=system:kube-controller-manager"),
        Certificate("scheduler", "/CN=system:kube-scheduler"),
        Certificate("proxy", "/CN=system:kube-proxy"),
        Certificate("coredns", "/CN=trimtab:coredns"),
    ]


KUBECONFIGS = ("admin", "controller-manager", "scheduler", "kubelet", "proxy", "coredns")


def ensure(settings: Settings, node_ip: str) -> None:
    """Make every key, certificate and kubeconfig that is missing or states something old."""
    settings.pki.mkdir(parents=True, exist_ok=True)
    settings.pki.chmod(0o700)
    _authority(settings.pki)
    _service_account_keys(settings.pki)
    for certificate in certificates(node_ip):
        _issue(settings.pki, certificate)
    for who in KUBECONFIGS:
        _write_private(settings.kubeconfig(who), kubeconfig(settings.pki, who))


def kubeconfig(pki: Path, who: str) -> str:
    """Return the kubeconfig of one identity; JSON is YAML."""
    client = {"client-certificate": f"{pki / who}.crt", "client-key": f"{pki / who}.key"}
    cluster = {
        "server": f"https://127.0.0.1:{API_PORT}",
        "certificate-authority": f"{pki / 'ca'}.crt",
    }
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": NODE_NAME, "cluster": cluster}],
        "users": [{"name": who, "user": client}],
        "contexts": [{"name": NODE_NAME, "context": {"cluster": NODE_NAME, "user": who}}],
        "current-context": NODE_NAME,
    }
    return json.dumps(document, indent=1) + "\n"


def _authority(pki: Path) -> None:
    if (pki / "ca.crt").exists() and (pki / "ca.key").exists():
        return
    with tempfile.TemporaryDirectory(dir=pki) as folder:
        key, crt = Path(folder, "ca.key"), Path(folder, "ca.crt")
        args = [*_new_key(key), "-x509", "-days", _DAYS, "-subj", "/CN=trimtab-ca"]
        commands.run([*args, "-out", str(crt)])
        key.replace(pki / "ca.key")
        crt.replace(pki / "ca.crt")


def _service_account_keys(pki: Path) -> None:
    key, public = pki / "sa.key", pki / "sa.pub"
    if key.exists() and public.exists():
        return
    key_size = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
    commands.run(["openssl", "genpkey", *key_size, "-out", str(key)])
    commands.run(["openssl", "pkey", "-in", str(key), "-pubout", "-out", str(public)])


def _issue(pki: Path, certificate: Certificate) -> None:
    stamp = pki / f"{certificate.name}.stamp"
    target = pki / f"{certificate.name}.crt"
    # The authority's own text is part of the stamp: a new authority renews everything.
    wanted = f"{certificate.subject}\n{certificate.extensions()}{(pki / 'ca.crt').read_text()}"
    if target.exists() and stamp.exists() and stamp.read_text() == wanted:
        return
    with tempfile.TemporaryDirectory(dir=pki) as folder:
        key, crt, config = (Path(folder, name) for name in ("key", "crt", "config"))
        config.write_text(certificate.extensions())
        args = [*_new_key(key), "-x509", "-config", str(config), "-subj", certificate.subject]
        signer = ["-CA", str(pki / "ca.crt"), "-CAkey", str(pki / "ca.key"), "-days", _DAYS]
        commands.run([*args, *signer, "-out", str(crt)])
        key.replace(pki / f"{certificate.name}.key")
        crt.replace(target)
    stamp.write_text(wanted)


def _new_key(path: Path) -> list[str]:
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    return ["openssl", "req", *curve, "-keyout", str(path)]


def _write_private(path: Path, text: str) -> None:
    if path.exists() and path.read_text() == text:
        return
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(text)
    partial.chmod(0o600)
    partial.replace(path)
