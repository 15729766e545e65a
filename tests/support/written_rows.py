"""Whether servers have written all that they know of answered rows, so that none dies with them."""

import urllib.request

from prometheus_client.parser import text_string_to_metric_families

from demo.tenant import tenant_store
from support.kubectl import Kubectl
from support.plan_followers import admin_addresses
from trimtab_stages.contract.feedback import FeedbackBatch
from trimtab_stages.contract.layout import feedback_prefix
from trimtab_stages.store import Store

WAITING = "trimtab_observation_waiting_bytes"


def are_written(kubectl: Kubectl, model: str, rows: int) -> bool:
    """Return whether everything about answered rows is in the store.

    Labels are the last of what a server writes in order. Captured rows, which it writes beside
    that, are handed over before; so nothing may wait any more.

    Args:
        kubectl: in the Model's namespace.
        model: name of the Model.
        rows: how many were answered, and got their label afterwards.
    """
    with tenant_store(kubectl.namespace) as store:
        if _labels(store, model) < rows:
            return False
    with admin_addresses(kubectl, model) as addresses:
        return all(_waiting_bytes(address) == 0 for address in addresses)


def _labels(store: Store, model: str) -> int:
    keys = [entry.key for entry in store.list(feedback_prefix(model))]
    return sum(len(FeedbackBatch.from_bytes(store.get(key)).labels) for key in keys)


def _waiting_bytes(address: str) -> float:
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=20) as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))
    (found,) = (sample.value for one in families if one.name == WAITING for sample in one.samples)
    return found
