"""Labels that come back: `POST /v2/models/{m}/feedback`."""

from collections.abc import Callable, Sequence

import orjson
from pydantic import ValidationError

from trimtab_stages.contract import layout
from trimtab_stages.contract.feedback import FeedbackBatch, Label
from trimtab_stages.serve.errors import InvalidRequestError, OverloadedError
from trimtab_stages.serve.observe.observer import Naming
from trimtab_stages.serve.observe.outbox import Outbox, Outgoing

MOST_WAITING = 100_000
"""Labels held between two flushes."""

_LABEL_BYTES = 200
_FIELDS = frozenset({"id", "row", "label", "event_time", "source"})


def read_labels(body: bytes, classes: Sequence[str]) -> list[Label]:
    """Return the labels in a feedback body.

    Args:
        body: `{"labels": [{"id", "row", "label", "event_time"?, "source"?}]}`.
        classes: the model's class names; empty accepts any label.

    Raises:
        InvalidRequestError: names the entry and what is wrong with it.
    """
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidRequestError(f"body is not JSON: {error}") from None
    entries = document.get("labels") if type(document) is dict else None
    if type(entries) is not list or not entries:
        raise InvalidRequestError("body must be an object with a list `labels`")
    if len(entries) > MOST_WAITING:
        raise InvalidRequestError(f"more than {MOST_WAITING} labels in one request")
    return [_read_label(entry, number, classes) for number, entry in enumerate(entries)]


class FeedbackBuffer:
    """Accepted labels that wait for the next flush.

    Attributes:
        accepted: labels taken since the start.

    Args:
        naming: names all that this process writes.
        outbox: writes it.
        note: told that labels come.
    """

    def __init__(
        self, naming: Naming, outbox: Outbox, note: Callable[[], None] = lambda: None
    ) -> None:
        self._naming = naming
        self._outbox = outbox
        self._note = note
        self._labels: list[Label] = []
        self._received_ns = 0
        self._last_received_ns = 0
        self.accepted = 0

    @property
    def is_empty(self) -> bool:
        """True while no label waits."""
        return not self._labels

    def add(self, labels: list[Label], received_ns: int) -> None:
        """Take labels.

        Raises:
            OverloadedError: the store has not taken earlier ones yet; none of these is kept.
        """
        if len(self._labels) + len(labels) > MOST_WAITING:
            raise OverloadedError("too many labels are waiting to be written; try again shortly")
        self._note()
        if not self._labels:
            self._received_ns = received_ns
        self._last_received_ns = received_ns
        self._labels.extend(labels)
        self.accepted += len(labels)

    def flush(self, model: str) -> None:
        """Hand the labels over to be written; they stay here when there is no room."""
        size = _LABEL_BYTES * len(self._labels)
        if not self._labels or not self._outbox.has_room(size):
            return
        batch = FeedbackBatch(
            model=model,
            received_ns=self._received_ns,
            last_received_ns=self._last_received_ns,
            labels=self._labels,
        )
        day = layout.day_of(self._received_ns)
        key = layout.feedback(model, day, self._naming.next("feedback"))
        self._outbox.offer(Outgoing("feedback", key, batch.to_bytes, size))
        self._labels = []


def _read_label(entry: object, number: int, classes: Sequence[str]) -> Label:
    if type(entry) is not dict or not entry.keys() <= _FIELDS:
        raise InvalidRequestError(
            f"labels[{number}] must be an object with id, row, label, event_time, source only"
        )
    fields = dict(entry)
    if "event_time" in fields:
        fields["event_time_ns"] = fields.pop("event_time")
    try:
        label = Label.model_validate(fields, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]).replace("_ns", "")
        raise InvalidRequestError(f"labels[{number}].{where}: {first['msg']}") from None
    if classes and label.label not in classes:
        known = ", ".join(classes[:20])
        raise InvalidRequestError(f"labels[{number}].label is no class of the model ({known})")
    return label
