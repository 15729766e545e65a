"""Runs that end with a graph which no training makes: what they commit is there before they start.

A run's name follows from its cause, and its commit is the only truth of its success. So the
operator finds it when it looks at the new run, judges it, and starts no pod.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from demo.tenant import tenant_store
from support.kubectl import Kubectl
from trimtab_operator.api.kinds import PIPELINE, PIPELINE_RUN
from trimtab_operator.api.pipeline import Pipeline
from trimtab_operator.api.pipelinerun import PipelineRun
from trimtab_operator.cluster.parse import parse_all, parse_one
from trimtab_operator.domain.identity import run_name, trigger_id
from trimtab_operator.manifests import labels
from trimtab_stages.contract import layout
from trimtab_stages.contract.artifact import ArtifactRef
from trimtab_stages.contract.run import Commit, TriggerType
from trimtab_stages.contract.serving_plan import GoldenRequest
from trimtab_stages.runtime.artifacts import write_blob


@dataclass(frozen=True, slots=True)
class ComingRun:
    """The run that a person's request will start."""

    name: str
    trigger_id: str


def coming_run(pipeline: Pipeline, runs: Sequence[PipelineRun], request: str) -> ComingRun:
    """Return the run that a request will start.

    Args:
        pipeline: whose run it is.
        runs: its runs, oldest first.
        request: value of the annotation, another one than before.
    """
    before = runs[-1].spec.trigger_id if runs else ""
    identity = trigger_id(pipeline, TriggerType.REQUEST, request, before)
    return ComingRun(run_name(pipeline.metadata.name, identity), identity)


def planted_commit(
    run: ComingRun, like: Commit, graph: ArtifactRef, golden: ArtifactRef | None
) -> Commit:
    """Return the commit of a run that made a graph.

    Args:
        run: the run.
        like: another run's commit; its evidence is this one's too.
        graph: the ONNX file.
        golden: request whose answer the graph must reproduce; that of `like` where there is none.
    """
    changes = {"file": graph, "golden": golden or like.model.golden}
    made = like.model.model_copy(update=changes)
    return like.model_copy(update={"run": run.name, "trigger_id": run.trigger_id, "model": made})


def request_planted_run(
    kubectl: Kubectl, name: str, graph: bytes, golden: GoldenRequest | None = None
) -> str:
    """Ask for a run that ends with a graph and with the champion's evidence; returns its digest.

    Args:
        kubectl: in the namespace.
        name: of Pipeline and Model.
        graph: the ONNX file, another one than those before.
        golden: request whose answer it must reproduce; by default the champion's.
    """
    champion = kubectl.get(f"model/{name}")["status"]["champion"]["run"]
    with tenant_store(kubectl.namespace) as store:
        like = Commit.from_bytes(store.get(layout.run_commit(champion)))
        file = write_blob(store, graph)
        expected = write_blob(store, golden.to_bytes()) if golden is not None else None
        run = coming_run(*_pipeline_and_runs(kubectl, name), file.digest)
        commit = planted_commit(run, like, file, expected)
        store.put_if_absent(layout.run_commit(run.name), commit.to_bytes())
    asked = f"{labels.RUN_REQUESTED}={file.digest}"
    kubectl.run("annotate", f"pipeline/{name}", asked, "--overwrite")
    return file.digest


def _pipeline_and_runs(kubectl: Kubectl, name: str) -> tuple[Pipeline, tuple[PipelineRun, ...]]:
    pipeline = parse_one(PIPELINE, kubectl.get(f"pipeline/{name}"), Pipeline)
    assert pipeline is not None
    found: list[dict[str, Any]] = kubectl.get("pipelineruns", "-l", f"{labels.PIPELINE}={name}")[
        "items"
    ]
    return pipeline, parse_all(PIPELINE_RUN, found, PipelineRun)
