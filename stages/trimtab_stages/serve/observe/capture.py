"""Captured rows: a share of the requests, chosen by a hash of their id, kept whole.

Champion and challenger see the same ids, so they keep the same rows and can be compared in pairs.
"""

import base64
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab_stages.contract.captured_row import CapturedRows
from trimtab_stages.contract.decision_record import NO_DECISION
from trimtab_stages.serve.observe.batch import RowBatch, VersionView
from trimtab_stages.serve.observe.columns import Matrix
from trimtab_stages.serve.oip.tensors import Tensor

_HASH_RANGE = 1 << 32


@dataclass(frozen=True, slots=True)
class KeptRows:
    """Rows that wait for the next flush; nothing in here refers to a request's body.

    Attributes:
        owners: inference ids of the requests.
        owner: int64 [n], index into `owners`.
        row: int32 [n], row in the request.
        numeric: float32 [n, F].
        categorical: strings [n, C].
        scores: float32 [n, K].
        decisions: int64 [n].
        event_ns: int64 [n].
        received_ns: int64 [n].
    """

    owners: list[str]
    owner: NDArray[np.int64]
    row: NDArray[np.int32]
    numeric: Matrix
    categorical: Tensor
    scores: Matrix
    decisions: NDArray[np.int64]
    event_ns: NDArray[np.int64]
    received_ns: NDArray[np.int64]

    @property
    def size(self) -> int:
        """Estimated bytes of the stored form."""
        columns: int = 6 * self.numeric.shape[1] + 16 * self.categorical.shape[1]
        return len(self.row) * (96 + columns)

    @property
    def ids(self) -> list[str]:
        """`<inference id>#<row>`, [n]."""
        pairs = zip(self.owner.tolist(), self.row.tolist(), strict=True)
        return [f"{self.owners[owner]}#{row}" for owner, row in pairs]


def is_sampled(id_hash: bytes, fraction: float) -> bool:
    """Whether a request is kept; independent of the bytes that choose its version.

    Args:
        id_hash: `hash_id` of the inference id.
        fraction: share to keep, 0..1.
    """
    return int.from_bytes(id_hash[8:12], "little") < fraction * _HASH_RANGE


def sampled_rows(batch: RowBatch, fraction: float) -> NDArray[np.int64]:
    """Return the indices of the rows to keep."""
    kept = np.array([is_sampled(id_hash, fraction) for id_hash in batch.id_hashes])
    return np.flatnonzero(kept[batch.request])


def keep(batch: RowBatch) -> KeptRows:
    """Return rows without their requests."""
    requests, owner = np.unique(batch.request, return_inverse=True)
    return KeptRows(
        owners=[batch.requests[request].id for request in requests.tolist()],
        owner=owner,
        row=batch.row,
        numeric=batch.numeric,
        categorical=batch.categorical,
        scores=batch.scores,
        decisions=batch.decisions,
        event_ns=batch.event_ns,
        received_ns=batch.received_ns,
    )


def captured_rows(
    model: str, view: VersionView, parts: list[KeptRows], *, shadow: bool = False
) -> CapturedRows:
    """Return the stored form of rows of one version and bucket."""
    decisions = np.concatenate([part.decisions for part in parts])
    return CapturedRows(
        model=model,
        version=view.digest,
        shadow=shadow,
        ids=[one for part in parts for one in part.ids],
        event_time_ns=np.concatenate([part.event_ns for part in parts]).tolist(),
        received_ns=np.concatenate([part.received_ns for part in parts]).tolist(),
        numeric_columns=view.columns.numeric_names,
        numeric=_base64(np.concatenate([part.numeric for part in parts])),
        categorical_columns=view.columns.categorical_names,
        categorical=np.concatenate([part.categorical for part in parts]).tolist()
        if view.columns.categorical
        else [],
        scores=_base64(np.concatenate([part.scores for part in parts])),
        decisions=[] if (decisions == NO_DECISION).all() else decisions.tolist(),
    )


def _base64(values: Matrix) -> str:
    return base64.b64encode(values.astype("<f4", copy=False).tobytes()).decode("ascii")
