"""`trimtab validate`: everything that can be known about manifests without a cluster."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from trimtab_operator.api.dataset import Dataset
from trimtab_operator.api.driftmonitor import DriftMonitor
from trimtab_operator.api.model import Model
from trimtab_operator.api.pipeline import Pipeline
from trimtab_operator.cli.consistency import contradictions, doubts
from trimtab_operator.cli.exits import Refusal
from trimtab_operator.cli.manifest_files import Document, FieldPath, read_manifests
from trimtab_operator.cli.strictness import (
    Finding,
    TrimtabObject,
    check_object,
    finding,
    is_trimtab,
)


@dataclass(frozen=True, slots=True)
class Checked:
    """One object of Trimtab's group with where it stands."""

    document: Document
    object: TrimtabObject | None
    """The typed object; None where it has errors."""

    @property
    def namespace(self) -> str:
        """Namespace as written; empty for the current one."""
        metadata = self.document.body.get("metadata")
        return str(metadata.get("namespace", "")) if isinstance(metadata, dict) else ""


@dataclass(frozen=True, slots=True)
class Checks:
    """What validation found."""

    checked: tuple[Checked, ...]
    skipped: tuple[Document, ...]
    """Objects of other API groups."""
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Findings that `kubectl apply` or the operator would refuse."""
        return tuple(item for item in self.findings if item.is_error)

    def is_valid(self, item: Checked) -> bool:
        """Return whether an object has no error."""
        here = {(finding.file, finding.object) for finding in self.findings if finding.is_error}
        return item.object is not None and (
            (str(item.document.file), item.document.title) not in here
        )

    def objects(self) -> list[TrimtabObject]:
        """Return the objects that could be read as what they say they are."""
        return [item.object for item in self.checked if item.object is not None]


def validate(paths: Sequence[Path]) -> Checks:
    """Check all manifests of files and folders.

    Raises:
        Refusal: a path cannot be read.
    """
    checked: list[Checked] = []
    skipped: list[Document] = []
    findings: list[Finding] = []
    for document in read_manifests(paths):
        if not is_trimtab(document):
            skipped.append(document)
            continue
        parsed, faults = check_object(document)
        checked.append(Checked(document, parsed))
        findings += faults
    findings += _repeated(checked)
    valid = [item.object for item in checked if item.object is not None]
    for item in checked:
        if item.object is not None:
            findings += contradictions(item.document, item.object, valid)
            findings += doubts(item.document, item.object)
    findings += _references(checked)
    return Checks(tuple(checked), tuple(skipped), tuple(findings))


def read_valid(paths: Sequence[Path]) -> Checks:
    """Return the checks of manifests without an error.

    Raises:
        Refusal: a path cannot be read, or an object has an error; the first is named.
    """
    checks = validate(paths)
    if checks.errors:
        first = checks.errors[0]
        where = f"{first.file}:{first.line} {first.object} `{first.field}`: {first.message}"
        raise Refusal("InvalidSpec", f"{where}; see `trimtab validate`")
    return checks


def _identity(item: Checked) -> tuple[str, str, str]:
    return item.document.kind, item.namespace, item.document.name


def _repeated(checked: Sequence[Checked]) -> Iterator[Finding]:
    first: dict[tuple[str, str, str], Checked] = {}
    for item in checked:
        earlier = first.setdefault(_identity(item), item)
        if earlier is not item:
            where = f"{earlier.document.file}:{earlier.document.line}"
            message = f"the same object stands at {where}; give one of them another name"
            yield finding(item.document, ("metadata", "name"), message)


def _references(checked: Sequence[Checked]) -> Iterator[Finding]:
    """Warn of references that these manifests do not answer; the cluster may."""
    present = {_identity(item) for item in checked}
    for item in checked:
        reference = _reference_of(item.object)
        if reference is None:
            continue
        path, kind, name = reference
        if (kind, item.namespace, name) not in present:
            message = f"{kind} '{name}' is not among these manifests; it must be in the cluster"
            yield finding(item.document, path, message, "warning")


def _reference_of(item: TrimtabObject | None) -> tuple[FieldPath, str, str] | None:
    match item:
        case Dataset() if item.spec.source.capture is not None:
            return ("spec", "source", "capture", "model"), "Model", item.spec.source.capture.model
        case Pipeline():
            return ("spec", "datasetRef", "name"), "Dataset", item.spec.dataset_ref.name
        case Model() if item.spec.pipeline_ref is not None:
            return ("spec", "pipelineRef", "name"), "Pipeline", item.spec.pipeline_ref.name
        case DriftMonitor():
            return ("spec", "modelRef", "name"), "Model", item.spec.model_ref.name
        case _:
            return None
