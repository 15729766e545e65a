"""Readable copies of what a run made: reports as pages, models as ONNX files."""

from collections.abc import Sequence
from pathlib import Path

from trimtab_operator.cli.diagram.wording import short_digest
from trimtab_operator.cli.local.walk import Ingested, Trained
from trimtab_operator.cli.local.workspace import Workspace
from trimtab_stages.store import Store


def copy_outputs(
    space: Workspace, store: Store, ingested: Sequence[Ingested], trained: Sequence[Trained]
) -> dict[str, Path]:
    """Copy reports and models out of the store and return the copies by store key.

    Raises:
        Refusal: the store does not give one of them.
    """
    named = dict([*_reports_of_data(ingested), *_outputs_of_runs(trained)])
    return {key: space.copy_out(store, key, name) for key, name in named.items()}


def _reports_of_data(ingested: Sequence[Ingested]) -> list[tuple[str, str]]:
    return [
        (item.manifest.report.key, f"{item.manifest.dataset}-{_short(item)}-data.html")
        for item in ingested
        if item.manifest.report is not None
    ]


def _short(item: Ingested) -> str:
    return short_digest(item.manifest.digest)


def _outputs_of_runs(trained: Sequence[Trained]) -> list[tuple[str, str]]:
    commits = [item.commit for item in trained]
    models = [(commit.model.file.key, f"{commit.run}.onnx") for commit in commits]
    reports = [(commit.report.key, f"{commit.run}.html") for commit in commits if commit.report]
    return [*models, *reports]
