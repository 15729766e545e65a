"""Real data as time-ordered streams of labelled rows, cut into windows; ingested by real rules."""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from numpy.typing import NDArray

from support.datasets import CGM, EMPLOYMENT, bike_share, fetch_archive, read_member
from support.examples import EXAMPLES, example_dataset
from support.ingesting import ingest
from trimtab_operator.api.dataset import Dataset
from trimtab_operator.api.kinds import DATASET
from trimtab_stages.contract.features import Feature
from trimtab_stages.contract.ingest import IngestRules
from trimtab_stages.preprocess.split import rows_of

SECOND_NS = 1_000_000_000
BIKES_BEGIN = datetime(2010, 9, 20, tzinfo=UTC)
CGM_BEGIN = datetime(2010, 3, 24, tzinfo=UTC)
EMPLOYMENT_BEGIN = datetime(2016, 1, 1, tzinfo=UTC)
"""Where the rows that follow the reference begin."""
FORTNIGHT, MONTH = timedelta(days=14), timedelta(days=30)
CGM_MEMORY, EMPLOYMENT_MEMORY = timedelta(days=168), timedelta(days=48)
"""How far back a retraining looks."""
CHUNKS, CHUNK = 18, timedelta(days=8)
"""Windows that the employment rows, which know only their year, are cut into, in file order."""


@dataclass(frozen=True)
class Stream:
    """Labelled rows in time order.

    Attributes:
        name: for people.
        features: model inputs in tensor order, all numeric.
        time_ns: event times, nanoseconds since 1970, [n].
        inputs: float32 [n, F].
        truth: class index, [n].
        edges_ns: window k is edges_ns[k] <= time < edges_ns[k + 1], [W + 1]; rows before the first
            edge train the first model.
        memory_ns: how far back a retraining looks.
    """

    name: str
    features: tuple[Feature, ...]
    time_ns: NDArray[np.int64]
    inputs: NDArray[np.float32]
    truth: NDArray[np.int64]
    edges_ns: NDArray[np.int64]
    memory_ns: int

    @property
    def windows(self) -> int:
        """Number of windows after the first training."""
        return len(self.edges_ns) - 1

    def first(self, windows: int) -> Self:
        """Return the stream up to the end of the first windows."""
        edges = self.edges_ns[: windows + 1]
        rows = slice(0, int(np.searchsorted(self.time_ns, edges[-1])))
        cut = {name: getattr(self, name)[rows] for name in ("time_ns", "inputs", "truth")}
        return replace(self, edges_ns=edges, **cut)

    def window(self, index: int) -> NDArray[np.int64]:
        """Return the rows of a window."""
        first, last = np.searchsorted(self.time_ns, self.edges_ns[index : index + 2])
        return np.arange(first, last)

    def before(self, index: int, *, memory: bool) -> NDArray[np.int64]:
        """Return the rows before window `index`; with `memory`, no older than it reaches."""
        end = self.edges_ns[index]
        begin = end - self.memory_ns if memory else self.time_ns[0]
        first, last = np.searchsorted(self.time_ns, [begin, end])
        return np.arange(first, last)


def bikes(folder: Path, month: int, windows: int) -> Stream:
    """Return Capital Bikeshare: is the hour busier than the median of the first `month` months?

    Windows have 30 days. The threshold is the one that the Dataset `bikes` would take.
    """
    begin = _months_after(BIKES_BEGIN, month)
    edges = [begin + MONTH * index for index in range(windows + 1)]
    written = _rules("bikes")
    raw = {"bikes.csv": bike_share()}
    past = _with(written, time=written["time"] | {"end": edges[0].isoformat()})
    threshold = ingest(folder / "past", raw, past).manifest.target.threshold
    target = {key: value for key, value in written["target"].items() if key != "trainQuantile"}
    target |= {"threshold": f"{threshold:.6f}", "maxRateChange": "1"}
    whole = _with(written, time=written["time"] | {"end": edges[-1].isoformat()}, target=target)
    return _stream(folder / "whole", f"bikes-{month}", raw, whole, edges, _memory("bikes"))


def cgm(folder: Path, windows: int = 12) -> Stream:
    """Return one person's glucose: will there be a low within half an hour? 14-day windows."""
    edges = [CGM_BEGIN + FORTNIGHT * (3 + index) for index in range(windows + 1)]
    written = _rules("cgm")
    target = written["target"] | {"maxRateChange": "1", "minRate": "0"}
    source = {"naTokens": ["", "nil"]}
    rules = _with(written, target=target)
    raw = {"cgm.csv.gz": read_member(CGM)}
    return _stream(folder, "cgm", raw, rules, edges, CGM_MEMORY, **source)


def employment() -> Stream:
    """Return the census of Massachusetts: who is employed? The control: it hardly drifts.

    Its rows know only their year; they are given one minute after the other.
    """
    archive = fetch_archive(EMPLOYMENT)
    with zipfile.ZipFile(archive) as packed:
        parts = [
            pq.read_table(io.BytesIO(packed.read(f"nannyml/datasets/data/employment_MA_{name}.pq")))
            for name in ("reference", "analysis", "analysis_target")
        ]
    past, later, truth = parts
    names = list(past.column_names[1:17])
    inputs = np.concatenate([_matrix(table, names) for table in (past, later)])
    inputs = np.nan_to_num(inputs, nan=-1.0)
    known = [table["employed"].to_numpy() for table in (past, truth)]
    labels = np.concatenate(known).astype(np.int64)
    begin_ns = int(EMPLOYMENT_BEGIN.timestamp()) * SECOND_NS
    minutes = np.arange(len(labels), dtype=np.int64) - len(past)
    time_ns = begin_ns + minutes * 60 * SECOND_NS
    edges = begin_ns + np.arange(CHUNKS + 1) * int(CHUNK.total_seconds()) * SECOND_NS
    memory = int(EMPLOYMENT_MEMORY.total_seconds()) * SECOND_NS
    features = tuple(Feature(name=name) for name in names)
    return Stream("employment", features, time_ns, inputs, labels, edges, memory)


def _matrix(table: pa.Table, names: list[str]) -> NDArray[np.float32]:
    columns = [table[name].cast(pa.float32()).to_numpy() for name in names]
    return np.stack(columns, axis=1)


def _rules(example: str) -> dict[str, Any]:
    body = yaml.safe_load((EXAMPLES / example / "dataset.yaml").read_text())
    body["spec"].pop("source")
    dataset = DATASET.parse(body | {"spec": body["spec"] | {"source": {"uri": "raw/x"}}})
    if not isinstance(dataset, Dataset):
        raise TypeError("the kind Dataset parses to a Dataset")
    return dataset.spec.rules().to_wire()


def _memory(example: str) -> timedelta:
    capture = example_dataset(example).spec.source.capture
    if capture is None or capture.window_seconds is None:
        raise ValueError(f"the Dataset of the example `{example}` has no `capture.windowSeconds`")
    return timedelta(seconds=capture.window_seconds)


def _with(rules: Mapping[str, Any], **changes: Any) -> IngestRules:
    return IngestRules.model_validate({**rules, **changes})


def _months_after(start: datetime, months: int) -> datetime:
    month = start.month - 1 + months
    return start.replace(year=start.year + month // 12, month=month % 12 + 1)


def _stream(
    folder: Path,
    name: str,
    raw: Mapping[str, bytes],
    rules: IngestRules,
    edges: list[datetime],
    memory: timedelta,
    **source: Any,
) -> Stream:
    """Ingest a file and return all rows of its splits."""
    made = ingest(folder, raw, rules, **source)
    rows = rows_of(made.rows(), made.manifest, "all")
    return Stream(
        name=name,
        features=tuple(made.manifest.features),
        time_ns=rows.time_ns,
        inputs=rows.numeric,
        truth=rows.target,
        edges_ns=np.array([int(edge.timestamp()) for edge in edges], np.int64) * SECOND_NS,
        memory_ns=int(memory.total_seconds()) * SECOND_NS,
    )
