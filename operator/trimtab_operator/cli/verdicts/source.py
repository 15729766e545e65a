"""A DriftMonitor's rules, and what was recorded of its decisions."""

from collections.abc import Sequence
from dataclasses import dataclass

from trimtab_operator.api.driftmonitor import DriftMonitor
from trimtab_operator.api.pipeline import Pipeline
from trimtab_operator.cli.consistency import model_of, pipeline_of
from trimtab_operator.cli.exits import Refusal
from trimtab_operator.cli.strictness import TrimtabObject
from trimtab_operator.cli.verdicts.recorded import Recorded, of_log, of_status
from trimtab_operator.domain.identity import verdict_id
from trimtab_operator.domain.monitor_rules import unknown_signals
from trimtab_stages.contract.audit import AuditRecord


@dataclass(frozen=True, slots=True)
class Source:
    """What windows are decided by, and compared with.

    Attributes:
        monitor: its spec decides.
        pipeline: of its Model, None where it has none.
        knows_ids: whether the ids of its decisions can be made; those of a manifest cannot.
        status: decisions of its status, oldest first.
        log: decisions of the audit log; None where that is not given.
    """

    monitor: DriftMonitor
    pipeline: Pipeline | None
    knows_ids: bool
    status: tuple[Recorded, ...]
    log: tuple[Recorded, ...] | None

    def is_of_another_spec(self, recorded: Recorded) -> bool:
        """Return whether the id of a decision was not made of the spec's present generation."""
        made = verdict_id(self.pipeline, self.monitor, recorded.version, recorded.window_end)
        return self.knows_ids and recorded.trigger_id != made


def source_of(
    objects: Sequence[TrimtabObject],
    name: str,
    namespace: str | None,
    records: Sequence[AuditRecord] | None,
) -> Source:
    """Return the DriftMonitor of that name with its records.

    Args:
        objects: where it is looked for.
        name: its name.
        namespace: its namespace; None where only one has that name.
        records: the audit log; None where it is not given.

    Raises:
        Refusal: it is not there, or there are several.
    """
    found = [
        item
        for item in objects
        if isinstance(item, DriftMonitor)
        and item.metadata.name == name
        and (namespace is None or item.metadata.namespace in {"", namespace})
    ]
    if len(found) != 1:
        words = f"there are {len(found)} DriftMonitors '{name}' among the objects"
        raise Refusal("NotFound", f"{words}; check the name, or name the namespace with -n")
    (monitor,) = found
    for fault in unknown_signals(monitor.spec):
        raise Refusal(fault.reason, f"DriftMonitor '{name}': {fault}")
    known = {} if namespace is None else {"namespace": namespace}
    metadata = monitor.metadata.model_copy(update=known)
    model = model_of(monitor, objects)
    pipeline = pipeline_of(model, objects)
    own_file = model is not None and model.spec.pipeline_ref is None
    return Source(
        monitor=monitor,
        pipeline=pipeline,
        knows_ids=bool(metadata.uid) and (own_file or pipeline is not None),
        status=of_status(monitor.status),
        log=None if records is None else of_log(records, metadata),
    )
