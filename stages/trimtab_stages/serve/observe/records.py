"""Decision records of a batch, packed without a loop over rows."""

import numpy as np

from trimtab_stages.contract.decision_record import RECORD, digest_prefix
from trimtab_stages.serve.observe.batch import RowBatch

_DTYPE = np.dtype(
    {
        "names": ["id", "row", "decision", "event", "received", "version", "revision", "score"],
        "formats": ["V16", "<u4", "<i4", "<i8", "<i8", "V8", "V8", "<f4"],
        "offsets": [0, 16, 20, 24, 32, 40, 48, 56],
        "itemsize": RECORD.size,
    }
)
"""`contract.decision_record.RECORD` as a NumPy structure."""


def pack_batch(batch: RowBatch, version: str) -> bytes:
    """Return the records of a batch's rows, 64 bytes each, in order.

    Args:
        batch: answered rows.
        version: digest of the version that answered them.
    """
    records = np.zeros(len(batch.row), dtype=_DTYPE)
    requests = batch.requests
    ids = np.frombuffer(b"".join(batch.id_hashes), "V16")
    revisions = np.frombuffer(b"".join(request.revision_prefix for request in requests), "V8")
    records["id"] = ids[batch.request]
    records["row"] = batch.row
    records["decision"] = batch.decisions
    records["event"] = batch.event_ns
    records["received"] = batch.received_ns
    records["version"] = np.frombuffer(digest_prefix(version), "V8")[0]
    records["revision"] = revisions[batch.request]
    records["score"] = batch.scores[:, 0] if batch.scores.shape[1] else np.nan
    return records.tobytes()
