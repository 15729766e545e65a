"""Croissant 1.1 metadata of a snapshot (MLCommons, http://mlcommons.org/croissant/1.1)."""

from typing import Any

from trimtab_stages.contract.features import Feature, FeatureKind
from trimtab_stages.contract.snapshot import SnapshotManifest, SplitInfo

CONTEXT: dict[str, Any] = {
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "recordSet": "cr:recordSet",
    "field": "cr:field",
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "source": "cr:source",
    "fileObject": "cr:fileObject",
    "extract": "cr:extract",
    "column": "cr:column",
}


def croissant(manifest: SnapshotManifest, licence: str = "") -> dict[str, Any]:
    """Return the JSON-LD of a snapshot: its files and what their columns mean."""
    described: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "name": manifest.dataset,
        "version": manifest.digest,
        "description": f"Snapshot of {manifest.dataset}: {manifest.rows_kept} rows, target"
        f" {manifest.target.name}.",
        "distribution": [_file(split) for split in manifest.splits],
        "recordSet": [_records(manifest, split) for split in manifest.splits],
    }
    return described | ({"license": licence} if licence else {})


def _file(split: SplitInfo) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": f"{split.name}.parquet",
        "name": f"{split.name}.parquet",
        "contentUrl": split.file.key,
        "contentSize": f"{split.file.size} B",
        "encodingFormat": "application/vnd.apache.parquet",
        "sha256": split.file.digest.removeprefix("sha256:"),
    }


def _records(manifest: SnapshotManifest, split: SplitInfo) -> dict[str, Any]:
    fields = [_field(split, manifest.time_column, "sc:DateTime", "event time, UTC")]
    fields += [_feature_field(split, feature) for feature in manifest.features]
    fields += [_field(split, name, "sc:Text", "protected attribute") for name in manifest.protected]
    classes = ", ".join(manifest.target.classes)
    fields.append(_field(split, manifest.target.name, "sc:Integer", f"target; classes: {classes}"))
    return {
        "@type": "cr:RecordSet",
        "@id": split.name,
        "name": split.name,
        "description": f"{split.rows} rows, {split.start:%Y-%m-%d} to {split.end:%Y-%m-%d}",
        "field": fields,
    }


def _feature_field(split: SplitInfo, feature: Feature) -> dict[str, Any]:
    data_type = "sc:Text" if feature.kind is FeatureKind.CATEGORICAL else "sc:Float"
    unit = f"unit {feature.unit}" if feature.unit else ""
    made = f"derived from {feature.derived_from}" if feature.derived_from else ""
    words = [word for word in (feature.description or "", made, unit) if word]
    return _field(split, feature.name, data_type, "; ".join(words))


def _field(split: SplitInfo, name: str, data_type: str, description: str) -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": f"{split.name}/{name}",
        "name": name,
        "description": description,
        "dataType": data_type,
        "source": {
            "fileObject": {"@id": f"{split.name}.parquet"},
            "extract": {"column": name},
        },
    }
