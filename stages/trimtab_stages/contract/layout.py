"""Key layout of the buckets. Every key in the store is made here.

A namespace's bucket (or prefix) holds::

    raw/...                                         the users' own files
    snapshots/<dataset>/<hex>/<file>                content-addressed snapshots
    ingests/<dataset>/<ingest id>/commit.json       which snapshot an ingest made
    blobs/<2 hex>/<hex>                             artefacts by digest
    stages/<stage>/<hex>/result.json                stage results by cache key
    stages/preprocess/<hex>/lever.json              fitted levers by cache key
    checkpoints/<hex>/<epoch>.pt                    training state by training key
    runs/<run>/attempts/<n>/started.json            who claimed the attempt
    runs/<run>/attempts/<n>/progress/<count>.json   how far one attempt is
    runs/<run>/attempts/<n>/metrics/<stage>-<epoch>.jsonl   epochs since the checkpoint before
    runs/<run>/commit.json                          the only success truth
    serving/<model>/panes/<hex16>/<bucket>/<pod>-<seq>.json
    serving/<model>/captured/<hex16>/<bucket>/<pod>-<seq>.json
    serving/<model>/decisions/<day>/<pod>-<seq>.bin
    serving/<model>/feedback/<day>/<pod>-<seq>.json
    serving/<model>/writers/<day>/<pod>-<seq>.json  whether a server process may lose something
    monitoring/<monitor>/<hex16>/<window end>.json  evaluation reports, by version
    monitoring/<monitor>/policies/<hex>.json        windows and signals that reports were made with
    monitoring/<monitor>/panes/<hex>.json           panes of one window, merged by bucket
    probes/<name>                                   conditional-write probe

The audit bucket holds `chain/<sequence>.json`, twelve digits.
"""

from datetime import UTC, datetime

from trimtab_stages.contract.run import StageName

AUDIT_CHAIN = "chain/"
"""Prefix of the records in the audit bucket."""


def _hex(digest: str) -> str:
    return digest.removeprefix("sha256:")


def day_of(time_ns: int) -> str:
    """Return the UTC day of an instant, nanoseconds since 1970, as keys name it: `YYYY-MM-DD`."""
    return datetime.fromtimestamp(time_ns / 1_000_000_000, UTC).strftime("%Y-%m-%d")


def snapshot_file(dataset: str, digest: str, name: str) -> str:
    """Return the key of a snapshot's file."""
    return f"snapshots/{dataset}/{_hex(digest)}/{name}"


def ingest_commit(dataset: str, ingest_id: str) -> str:
    """Return the key of an ingest's commit."""
    return f"ingests/{dataset}/{ingest_id}/commit.json"


def blob(digest: str) -> str:
    """Return the key of content by digest."""
    name = _hex(digest)
    return f"blobs/{name[:2]}/{name}"


def stage_result(stage: StageName, key: str) -> str:
    """Return the key of a stage's result."""
    return f"stages/{stage}/{_hex(key)}/result.json"


def fitted_lever(key: str) -> str:
    """Return the key of a fitted lever."""
    return f"stages/{StageName.PREPROCESS}/{_hex(key)}/lever.json"


def checkpoint_prefix(training_key: str) -> str:
    """Return the prefix of a training's checkpoints."""
    return f"checkpoints/{_hex(training_key)}/"


def checkpoint(training_key: str, epoch: int) -> str:
    """Return the key of the checkpoint after an epoch (1-based)."""
    return f"{checkpoint_prefix(training_key)}{epoch:06d}.pt"


RUNS_PREFIX = "runs/"
"""All files of all runs."""


def run_commit(run: str) -> str:
    """Return the key of a run's commit."""
    return f"runs/{run}/commit.json"


def attempt_prefix(run: str, attempt: str) -> str:
    """Return the prefix of one attempt's own files."""
    return f"runs/{run}/attempts/{attempt}/"


def attempts_prefix(run: str) -> str:
    """Return the prefix of all attempts of a run."""
    return f"runs/{run}/attempts/"


def attempt_started(run: str, attempt: str) -> str:
    """Return the key by which a process claims an attempt's number."""
    return f"{attempt_prefix(run, attempt)}started.json"


def metrics(run: str, attempt: str, stage: StageName, epoch: int) -> str:
    """Return the key of the metric lines that go with the checkpoint after `epoch`."""
    return f"{attempt_prefix(run, attempt)}metrics/{stage}-{epoch:06d}.jsonl"


def progress_prefix(run: str, attempt: str) -> str:
    """Return the prefix of an attempt's progress reports."""
    return f"{attempt_prefix(run, attempt)}progress/"


def progress(run: str, attempt: str, count: int) -> str:
    """Return the key of an attempt's progress after `count` reports."""
    return f"{progress_prefix(run, attempt)}{count:08d}.json"


def _version(digest: str) -> str:
    return _hex(digest)[:16]


def pane(model: str, digest: str, bucket: int, writer: str) -> str:
    """Return the key of a pane: bucket is its start in seconds since 1970, writer `<pod>-<seq>`."""
    return f"serving/{model}/panes/{_version(digest)}/{bucket:012d}/{writer}.json"


def captured_prefix(model: str) -> str:
    """Return the prefix of all captured rows of a Model."""
    return f"serving/{model}/captured/"


def captured_bucket(key: str) -> int:
    """Return the bucket in the key of captured rows: its start in seconds since 1970.

    Raises:
        ValueError: no such key.
    """
    return int(key.rsplit("/", 2)[1])


def panes_prefix(model: str) -> str:
    """Return the prefix of all panes of a Model."""
    return f"serving/{model}/panes/"


def version_panes_prefix(model: str, digest: str) -> str:
    """Return the prefix of the panes of one version."""
    return f"{panes_prefix(model)}{_version(digest)}/"


def before_bucket(prefix: str, bucket: int) -> str:
    """Return what sorts before all keys of a bucket and after those of earlier ones.

    Args:
        prefix: of the panes or captured rows of one version.
        bucket: its start, seconds since 1970.
    """
    return f"{prefix}{bucket:012d}"


def version_captured_prefix(model: str, digest: str) -> str:
    """Return the prefix of the captured rows of one version."""
    return f"{captured_prefix(model)}{_version(digest)}/"


def captured(model: str, digest: str, bucket: int, writer: str) -> str:
    """Return the key of a batch of captured rows."""
    return f"serving/{model}/captured/{_version(digest)}/{bucket:012d}/{writer}.json"


def decisions_prefix(model: str) -> str:
    """Return the prefix of the decision records of a Model."""
    return f"serving/{model}/decisions/"


def decisions(model: str, day: str, writer: str) -> str:
    """Return the key of a block of decision records; day is `YYYY-MM-DD` of arrival, UTC."""
    return f"serving/{model}/decisions/{day}/{writer}.bin"


def feedback_prefix(model: str) -> str:
    """Return the prefix of all labels that came back for a Model."""
    return f"serving/{model}/feedback/"


def feedback(model: str, day: str, writer: str) -> str:
    """Return the key of a batch of returned labels; day is `YYYY-MM-DD` of arrival, UTC."""
    return f"serving/{model}/feedback/{day}/{writer}.json"


def writers_prefix(model: str) -> str:
    """Return the prefix of what a Model's server processes say of themselves."""
    return f"serving/{model}/writers/"


def writer_state(model: str, day: str, writer: str) -> str:
    """Return the key of a process's state; day is `YYYY-MM-DD` when it was said, UTC."""
    return f"{writers_prefix(model)}{day}/{writer}.json"


def evaluation(monitor: str, digest: str, end: int) -> str:
    """Return the key of a window's report: `end` in seconds since 1970, `digest` the version's."""
    return f"monitoring/{monitor}/{_version(digest)}/{end:012d}.json"


def version_evaluations_prefix(monitor: str, digest: str) -> str:
    """Return the prefix of a DriftMonitor's reports of one version, which sort by window."""
    return f"monitoring/{monitor}/{_version(digest)}/"


def evaluations_prefix(monitor: str) -> str:
    """Return the prefix of a DriftMonitor's reports, policies and merged panes."""
    return f"monitoring/{monitor}/"


def is_evaluation(key: str) -> bool:
    """Whether a key below `evaluations_prefix` is a report's."""
    return key.split("/")[2] not in {"policies", "panes"}


def end_of_evaluation(key: str) -> int:
    """Return the end of a report's window, seconds since 1970."""
    return int(key.rpartition("/")[2].removesuffix(".json"))


def monitoring_policy(monitor: str, digest: str) -> str:
    """Return the key of the windows and signals that reports name as their policy."""
    return f"monitoring/{monitor}/policies/{_hex(digest)}.json"


def compacted_panes(monitor: str, digest: str) -> str:
    """Return the key of the merged panes that a report names."""
    return f"monitoring/{monitor}/panes/{_hex(digest)}.json"


OVERWRITABLE_PREFIX = "probes/"
"""Only keys below it may ever change their bytes."""


def probe(name: str) -> str:
    """Return the key of a conditional-write probe."""
    return f"{OVERWRITABLE_PREFIX}{name}"


def audit_record(sequence: int) -> str:
    """Return the key of an audit record in the audit bucket."""
    return f"{AUDIT_CHAIN}{sequence:012d}.json"
