"""What the operator sees of a Dataset, and what it plans for it."""

from typing import Any

from support.worlds import NOW, RELEASE, STORE
from trimtab_operator.api.dataset import Dataset
from trimtab_operator.domain.dataset import plan_dataset
from trimtab_operator.domain.observed import ObservedDataset, StorageView
from trimtab_operator.domain.plan import Plan


def world(storage: StorageView = STORE, **parts: Any) -> ObservedDataset:
    """Return a world with a store, and with these parts."""
    return ObservedDataset(release=RELEASE, storage=storage, **parts)


def plan(subject: Dataset, seen: ObservedDataset) -> Plan:
    """Return the plan for a Dataset, at NOW."""
    return plan_dataset(subject, seen, NOW)
