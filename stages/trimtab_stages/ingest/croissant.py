"""Croissant 1.1 metadata of a snapshot (MLCommons, http://mlcommons.org/croissant/1.1)."""

from typing import Any

from trimtab_stages.contract.features import Feature, FeatureKind
from trimtab_stages.contract.ingest import IngestRules
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


def croissant(manifest: SnapshotManifest, rules: IngestRules, licence: str = "") -> dict[str, Any]:
    """Return the JSON-LD of a snapshot: its files and what their columns mean."""
    meanings = _meanings(manifest, rules)
    described: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "name": manifest.dataset,
        "version": manifest.digest,
        "description": f"Snapshot of {manifest.dataset}: {manifest.rows_kept} rows, target"
        f" {manifest.target.name}.",
        "distribution": [_file(split) for split in manifest.splits],
        "recordSet": [_records(manifest, split, meanings) for split in manifest.splits],
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


def _meanings(manifest: SnapshotManifest, rules: IngestRules) -> dict[str, str]:
    """Return what people wrote about the columns, for every column of the splits."""
    told = {column.name: column.description or "" for column in rules.columns}
    source = rules.target.column
    classes = ", ".join(manifest.target.classes)
    meanings = {manifest.time_column: "event time, UTC"}
    meanings |= {feature.name: _feature_meaning(feature, told) for feature in manifest.features}
    meanings |= {name: _join("protected attribute", told[name]) for name in manifest.protected}
    target = _join("target", f"made of {source}", told[source], f"classes: {classes}")
    return meanings | {manifest.target.name: target}


def _feature_meaning(feature: Feature, told: dict[str, str]) -> str:
    made = f"derived from {feature.derived_from}" if feature.derived_from else ""
    unit = f"unit {feature.unit}" if feature.unit else ""
    return _join(feature.description or told.get(feature.derived_from or "", ""), made, unit)


def _join(*words: str) -> str:
    return "; ".join(word for word in words if word)


def _records(
    manifest: SnapshotManifest, split: SplitInfo, meanings: dict[str, str]
) -> dict[str, Any]:
    types = {manifest.time_column: "sc:DateTime"}
    types |= {feature.name: _data_type(feature) for feature in manifest.features}
    types |= dict.fromkeys(manifest.protected, "sc:Text")
    types |= {manifest.target.name: "sc:Integer"}
    fields = [_field(split, name, kind, meanings[name]) for name, kind in types.items()]
    return {
        "@type": "cr:RecordSet",
        "@id": split.name,
        "name": split.name,
        "description": f"{split.rows} rows, {split.start:%Y-%m-%d} to {split.end:%Y-%m-%d}",
        "field": fields,
    }


def _data_type(feature: Feature) -> str:
    return "sc:Text" if feature.kind is FeatureKind.CATEGORICAL else "sc:Float"


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
