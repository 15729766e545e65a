"""Reasons that stages and the server give; they become condition reasons verbatim.

The catalogue page `.github/reasons.md` is generated from these docstrings.
"""

from enum import StrEnum


class StageReason(StrEnum):
    """Why a stage failed. Every message names cause, object and next step."""

    UNREADABLE_FILE = "UnreadableFile"
    """A source file cannot be parsed in the declared format."""
    SOURCE_MISSING = "SourceMissing"
    """The source names no existing file or object."""
    MISSING_COLUMN = "MissingColumn"
    """A declared column is not in the source."""
    WRONG_UNIT = "WrongUnit"
    """Values lie outside the declared range in a way that another unit would explain."""
    NO_ROWS_LEFT = "NoRowsLeft"
    """The rules rejected every row, or left too few for the splits."""
    LEAKING_TARGET = "LeakingTarget"
    """A feature sees values that the target is made of."""
    TIMESTAMPS_UNTRUSTED = "TimestampsUntrusted"
    """Time stamps are out of order, in the future or shifted by a time zone."""
    VALIDATION_FAILED = "ValidationFailed"
    """A declared check of the data did not hold."""
    BUCKET_MISSING = "BucketMissing"
    """The bucket does not exist."""
    WRONG_CREDENTIALS = "WrongCredentials"
    """The store does not know the access key, or its signature is wrong."""
    ACCESS_DENIED = "AccessDenied"
    """The store knows the key, but refuses this operation."""
    STORE_UNREACHABLE = "StoreUnreachable"
    """The store's endpoint does not answer."""
    CONDITIONAL_WRITE_UNSUPPORTED = "ConditionalWriteUnsupported"
    """The store ignores If-None-Match, so write-once cannot be kept."""
    ARTIFACT_CONFLICT = "ArtifactConflict"
    """Another writer stored different content under the same key."""
    DIGEST_MISMATCH = "DigestMismatch"
    """Stored bytes are not what their digest says."""
    NAN_LOSS = "NaNLoss"
    """The training loss is no longer a finite number."""
    PARITY_FAILED = "ParityFailed"
    """The exported ONNX graph answers differently from the trained model."""
    OUT_OF_MEMORY = "OutOfMemory"
    """The process was killed for memory."""
    INTERRUPTED = "Interrupted"
    """The pod was told to stop; another attempt continues from the newest checkpoint."""
    CLUSTER_INCOMPLETE = "ClusterIncomplete"
    """The Ray cluster of the run's own pods did not come together in time."""
    INVALID_INVOCATION = "InvalidInvocation"
    """The stage was started with a specification it cannot follow."""
    INTERNAL_ERROR = "InternalError"
    """A fault of Trimtab itself; the log has the trace."""


class ServingReason(StrEnum):
    """Why the server refuses a version."""

    LOADED = "Loaded"
    """The version is loaded, checked and warmed."""
    LOADING = "Loading"
    """The version is being fetched or checked."""
    DIGEST_MISMATCH = "DigestMismatch"
    """The fetched file is not the one that the plan names."""
    MODEL_MISSING = "ModelMissing"
    """The plan's object does not exist in the store."""
    WRONG_INPUTS = "WrongInputs"
    """The graph's inputs are not the ones that the plan declares."""
    INVALID_MODEL = "InvalidModel"
    """ONNX Runtime cannot load the file."""
    CRASHED_ON_LOAD = "CrashedOnLoad"
    """Loading the version killed its checking process."""
    GOLDEN_REQUEST_FAILED = "GoldenRequestFailed"
    """The loaded version answers the golden request differently from its evidence."""
    STORE_UNREACHABLE = "StoreUnreachable"
    """The store's endpoint does not answer."""
    ACCESS_DENIED = "AccessDenied"
    """The store refuses this read."""


class StageError(Exception):
    """A failure that a user can act on: a reason and a message with cause, object, next step."""

    def __init__(self, reason: StageReason, message: str) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason
        self.message = message
