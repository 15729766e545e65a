"""scikit-learn's HistGradientBoosting on the same rows, and the figure that both are judged by."""

import io

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import balanced_accuracy_score

from trimtab_stages.contract.snapshot import SnapshotManifest
from trimtab_stages.store.protocol import Store


def boosting_decisions(
    store: Store, manifest: SnapshotManifest, inputs: NDArray[np.float32]
) -> NDArray[np.int64]:
    """Train on the rows of the training split, as the network was; decide the given rows, [n]."""
    table = pq.read_table(io.BytesIO(store.get(manifest.split("train").file.key)))
    columns = [table.column(feature.name).to_numpy() for feature in manifest.features]
    labels = table.column(manifest.target.name).to_numpy()
    model = HistGradientBoostingClassifier(random_state=0)
    model.fit(np.stack(columns, axis=1).astype(np.float32), labels)
    decided: NDArray[np.int64] = model.predict(inputs).astype(np.int64)
    return decided


def balanced_accuracy(truth: NDArray[np.int64], decided: NDArray[np.int64]) -> float:
    """Return the mean of the recalls of both classes."""
    return float(balanced_accuracy_score(truth, decided))
