"""Request targets to routes. No part of a target ever becomes a file name or a store key."""

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote_to_bytes

from trimtab_stages.serve.errors import InvalidRequestError, NotFoundError

NAME_CHARACTERS = 255


class Action(StrEnum):
    """What a target asks for."""

    SERVER_LIVE = "ServerLive"
    SERVER_READY = "ServerReady"
    SERVER_METADATA = "ServerMetadata"
    MODEL_METADATA = "ModelMetadata"
    MODEL_READY = "ModelReady"
    INFER = "Infer"
    FEEDBACK = "Feedback"


POSTED = frozenset({Action.INFER, Action.FEEDBACK})
"""Actions that take POST; all others take GET and HEAD."""


@dataclass(frozen=True, slots=True)
class Route:
    """A target, taken apart.

    Attributes:
        action: what is asked for.
        model: model name, empty for server actions.
        version: version, None when the target names none.
    """

    action: Action
    model: str = ""
    version: str | None = None

    @property
    def methods(self) -> tuple[str, ...]:
        """Methods that the target takes."""
        return ("POST", "OPTIONS") if self.action in POSTED else ("GET", "HEAD", "OPTIONS")


_SERVER_ROUTES = {
    (): Route(Action.SERVER_METADATA),
    ("health", "live"): Route(Action.SERVER_LIVE),
    ("health", "ready"): Route(Action.SERVER_READY),
}
_MODEL_ACTIONS = {
    (): Action.MODEL_METADATA,
    ("ready",): Action.MODEL_READY,
    ("infer",): Action.INFER,
    ("feedback",): Action.FEEDBACK,
}


def route_of(target: bytes) -> Route:
    """Return the route of a request target such as `/v2/models/m/versions/v/infer`.

    Raises:
        InvalidRequestError: a segment that is no name.
        NotFoundError: no such path.
    """
    path = target.partition(b"?")[0]
    segments = tuple(_segment(part) for part in path.strip(b"/").split(b"/"))
    if segments[0] != "v2" or not path.startswith(b"/"):
        raise NotFoundError("no such path; the protocol's paths begin with /v2")
    rest = segments[1:]
    if rest in _SERVER_ROUTES:
        return _SERVER_ROUTES[rest]
    if len(rest) < 2 or rest[0] != "models":  # noqa: PLR2004 - `models` and the name
        raise NotFoundError("no such path; see /v2 for the server's metadata")
    model, tail = rest[1], rest[2:]
    version: str | None = None
    if len(tail) >= 2 and tail[0] == "versions":  # noqa: PLR2004 - `versions` and the version
        version, tail = tail[1], tail[2:]
    action = _MODEL_ACTIONS.get(tail)
    if action is None or (action is Action.FEEDBACK and version is not None):
        raise NotFoundError("no such path below the model; use /infer, /ready or /feedback")
    return Route(action, model, version)


def _segment(part: bytes) -> str:
    try:
        name = unquote_to_bytes(part).decode()
    except UnicodeDecodeError:
        raise InvalidRequestError("the path is not UTF-8") from None
    if name in {".", ".."} or "/" in name or "\\" in name or not name.isprintable():
        raise InvalidRequestError("the path holds a segment that is no name")
    if len(name) > NAME_CHARACTERS:
        raise InvalidRequestError("the path holds a segment that is too long")
    return name
