"""Job of one ingest: reads the source, applies the rules, commits a snapshot."""

from trimtab_operator.api.base import Compute
from trimtab_operator.api.dataset import Dataset
from trimtab_operator.manifests import labels, names
from trimtab_operator.manifests.job import JobShape, build_job
from trimtab_operator.manifests.meta import Manifest, build_config_map, build_metadata
from trimtab_operator.manifests.pod import SPEC_PATH, STORAGE_PATH, Workload
from trimtab_operator.manifests.release import Release
from trimtab_stages.contract.base import digest_of
from trimtab_stages.contract.capture import CapturePlan
from trimtab_stages.contract.run import IngestSpec

COMPUTE_CHARS = 12


def build_ingest(
    dataset: Dataset, release: Release, ingest_id: str, capture: CapturePlan | None = None
) -> tuple[Manifest, Manifest]:
    """Return the ConfigMap with the ingest's specification and the Job that follows it."""
    name = names.ingest_job(dataset.metadata.name, ingest_id)
    found = labels.ingest_job(dataset.metadata.name, ingest_id)
    metadata = build_metadata(name, found, "Dataset", dataset.metadata)
    spec = IngestSpec(
        id=ingest_id,
        dataset=dataset.metadata.name,
        source=dataset.spec.source,
        rules=dataset.spec.rules(),
        capture=capture,
        code_version=release.code_version,
    )
    config_map = build_config_map(metadata, {"spec.json": spec.to_bytes().decode()}, immutable=True)
    shape = JobShape.of(dataset.spec.compute)
    made_with = {labels.COMPUTE: compute_id(dataset.spec.compute)}
    labelled = metadata | {"labels": metadata["labels"] | made_with}
    return config_map, build_job(labelled, shape, _build_workload(dataset, release, name))


def compute_id(compute: Compute) -> str:
    """Return the hash of pod settings; a Job that was made with others is made again."""
    return digest_of(compute).removeprefix("sha256:")[:COMPUTE_CHARS]


def _build_workload(dataset: Dataset, release: Release, name: str) -> Workload:
    compute = dataset.spec.compute
    return Workload(
        name="ingest",
        image=compute.image or release.ingest_image,
        pull_policy=release.image_pull_policy,
        command=(
            *("python", "-m", "trimtab_stages", "ingest"),
            *("--spec", f"{SPEC_PATH}/spec.json"),
            *("--storage", STORAGE_PATH),
        ),
        cpu=compute.cpu,
        memory=compute.memory,
        storage_secret=release.storage_secret,
        config_map=name,
        node_selector=compute.node_selector or {},
    )
