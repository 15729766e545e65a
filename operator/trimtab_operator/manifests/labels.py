"""Every label and annotation key that Trimtab reads or writes."""

from enum import StrEnum

from trimtab_operator.api.base import GROUP

DATASET = f"{GROUP}/dataset"
"""Label: Dataset that a child belongs to."""
PIPELINE = f"{GROUP}/pipeline"
"""Label: Pipeline that a run belongs to."""
RUN = f"{GROUP}/run"
"""Label: PipelineRun that a child belongs to."""
MODEL = f"{GROUP}/model"
"""Label: Model that a child belongs to."""
CAUSE = f"{GROUP}/cause"
"""Label: ingest id or trigger id that a create-only child was made for."""
COMPUTE = f"{GROUP}/compute"
"""Label of a Job: hash of the pod settings that it was made with."""
COMPONENT = "app.kubernetes.io/component"
"""Label: what the pods of a child do."""

RUN_REQUESTED = f"{GROUP}/run-requested"
"""Annotation of a Pipeline: a new value starts one run."""
REFRESH_REQUESTED = f"{GROUP}/refresh-requested"
"""Annotation of a Dataset: a new value reads the source again."""
RESET_BREAKER = f"{GROUP}/reset-breaker"
"""Annotation of a DriftMonitor: a new value closes its circuit breaker."""
ACCEPT = f"{GROUP}/accept"
"""Annotation of a DriftMonitor: the trigger id of the suggested retrain that a person accepts."""
ROLLBACK = f"{GROUP}/rollback"
"""Annotation of a Model: `previous` or a digest of its history, handled once; `@` and anything
after it make the same wish a new one."""
PLAN_REVISION = f"{GROUP}/plan-revision"
"""Annotation of a server pod: its change makes the kubelet refresh mounted files."""


class Component(StrEnum):
    """What the pods of a child do."""

    INGEST = "ingest"
    TRAIN = "train"
    SERVER = "server"


def standard(component: Component) -> dict[str, str]:
    """Return the labels that every child has."""
    return {
        "app.kubernetes.io/name": "trimtab",
        "app.kubernetes.io/managed-by": "trimtab-operator",
        COMPONENT: component.value,
    }


def ingest_job(dataset: str, ingest_id: str) -> dict[str, str]:
    """Return the labels of an ingest's objects."""
    return standard(Component.INGEST) | {DATASET: dataset, CAUSE: ingest_id}


def pipeline_run(pipeline: str, trigger_id: str) -> dict[str, str]:
    """Return the labels of a PipelineRun."""
    return standard(Component.TRAIN) | {PIPELINE: pipeline, CAUSE: trigger_id}


def training(pipeline: str, run: str, trigger_id: str) -> dict[str, str]:
    """Return the labels of a run's objects and pods."""
    return pipeline_run(pipeline, trigger_id) | {RUN: run}


def server(model: str) -> dict[str, str]:
    """Return the labels of a Model's objects and pods."""
    return standard(Component.SERVER) | {MODEL: model}


def server_selector(model: str) -> dict[str, str]:
    """Return the labels that select a Model's pods; they can never change."""
    return {COMPONENT: Component.SERVER.value, MODEL: model}
