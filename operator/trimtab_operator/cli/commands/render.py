"""`trimtab render`: what the operator would create."""

import sys
from datetime import UTC, datetime
from typing import Annotated

import typer
import yaml

from trimtab_operator import __version__
from trimtab_operator.cli.checks import read_valid
from trimtab_operator.cli.commands.validate import Files
from trimtab_operator.cli.exits import Refusal
from trimtab_operator.cli.rendering import UNKNOWN, render
from trimtab_operator.cli.terminal import OutputFormat, remarks, show_json
from trimtab_operator.manifests.meta import Manifest
from trimtab_operator.manifests.release import Launcher, Release
from trimtab_operator.settings import Settings


class PlainDumper(yaml.SafeDumper):
    """Writes every value out; people who read manifests should meet no anchors."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the signature of PyYAML
        """Return that nothing is written as an alias."""
        return True


Kinds = Annotated[
    list[str] | None,
    typer.Option(
        "--kind",
        help="Only this kind: job, configmap, deployment ... Repeatable. With rayjob, runs are "
        "shown as for a cluster with KubeRay, else as Indexed Jobs.",
    ),
]
Namespace = Annotated[
    str, typer.Option("--namespace", "-n", help="Namespace of manifests that name none.")
]
Registry = Annotated[str, typer.Option(help="Where the release's images are.")]
Tag = Annotated[str, typer.Option(help="Tag of the release's images.")]
Rendered = Annotated[
    OutputFormat, typer.Option("--output", "-o", help="text is YAML, json is one List.")
]


RAY_VERSION: str = Settings.model_fields["ray_version"].default
"""The release's own default."""


def render_command(
    filename: Files,
    kind: Kinds = None,
    namespace: Namespace = "default",
    registry: Registry = "localhost",
    tag: Tag = __version__,
    output: Rendered = OutputFormat.TEXT,
) -> None:
    """Print the child objects that the operator would create for these manifests.

    What only the cluster knows (uids, the snapshot's digest) is empty or zeros.

    Exit codes: 0 printed, 1 invalid manifests or no such kind, 64 wrong usage.
    """
    checks = read_valid(filename)
    kinds = [word.lower() for word in kind or []]
    launcher = Launcher.RAY_JOB if Launcher.RAY_JOB.lower() in kinds else Launcher.JOB
    release, now = _release(registry, tag, launcher), datetime.now(UTC)
    children = [
        child for item in checks.objects() for child in render(item, release, namespace, now)
    ]
    _print(_chosen(children, kinds), output)


def _release(registry: str, tag: str, launcher: Launcher) -> Release:
    return Release(
        ingest_image=f"{registry}/trimtab-ingest:{tag}",
        train_image=f"{registry}/trimtab-train:{tag}",
        server_image=f"{registry}/trimtab-server:{tag}",
        image_pull_policy="IfNotPresent",
        code_version=tag,
        storage_secret="trimtab-storage",  # noqa: S106 - the name of a Secret, not one
        launcher=launcher,
        ray_version=RAY_VERSION,
    )


def _chosen(children: list[Manifest], kinds: list[str]) -> list[Manifest]:
    if not kinds:
        return children
    chosen = [child for child in children if child["kind"].lower() in kinds]
    if not chosen:
        known = ", ".join(sorted({child["kind"] for child in children}))
        raise Refusal("NotFound", f"no child is a {', '.join(kinds)}; there are: {known}")
    return chosen


def _print(children: list[Manifest], output: OutputFormat) -> None:
    if output is OutputFormat.JSON:
        show_json({"apiVersion": "v1", "kind": "List", "items": children})
    else:
        sys.stdout.write(yaml.dump_all(children, Dumper=PlainDumper, sort_keys=False))
    if any(UNKNOWN in str(child) for child in children):
        remarks().print("Zeros stand for digests that only the cluster knows.", style="dim")
