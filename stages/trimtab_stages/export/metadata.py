"""What the ONNX file says of itself; a function of its content, never of a run or a time."""

import json
from dataclasses import dataclass

from trimtab_stages.contract.snapshot import SnapshotManifest

PREFIX = "trimtab.dev/"
FEATURES = f"{PREFIX}features"
TRAINED_UNTIL = f"{PREFIX}trained-until-ns"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where weights come from.

    Attributes:
        training_key: cache key of the stage that made the weights.
        trained_until_ns: newest event time that the weights have learnt from, ns since 1970 UTC.
    """

    training_key: str
    trained_until_ns: int


def build_metadata(manifest: SnapshotManifest, origin: Origin) -> dict[str, str]:
    """Return the model's `metadata_props`, all keys under `trimtab.dev/`."""
    features = [
        {"name": feature.name, "kind": feature.kind.value, "unit": feature.unit}
        for feature in manifest.features
    ]
    return {
        FEATURES: json.dumps(features, ensure_ascii=False),
        f"{PREFIX}target": manifest.target.name,
        f"{PREFIX}classes": json.dumps(manifest.target.classes, ensure_ascii=False),
        f"{PREFIX}dataset": manifest.dataset,
        f"{PREFIX}snapshot": manifest.digest,
        f"{PREFIX}training-key": origin.training_key,
        TRAINED_UNTIL: str(origin.trained_until_ns),
    }
