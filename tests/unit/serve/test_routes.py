"""Request targets."""

import pytest

from trimtab_stages.serve.errors import InvalidRequestError, NotFoundError
from trimtab_stages.serve.http.routes import Action, Route, route_of


@pytest.mark.parametrize(
    ("target", "route"),
    [
        (b"/v2", Route(Action.SERVER_METADATA)),
        (b"/v2/", Route(Action.SERVER_METADATA)),
        (b"/v2/health/live", Route(Action.SERVER_LIVE)),
        (b"/v2/health/ready?x=1", Route(Action.SERVER_READY)),
        (b"/v2/models/m", Route(Action.MODEL_METADATA, "m")),
        (b"/v2/models/m/versions/1", Route(Action.MODEL_METADATA, "m", "1")),
        (b"/v2/models/m/versions/1/ready", Route(Action.MODEL_READY, "m", "1")),
        (b"/v2/models/m/infer", Route(Action.INFER, "m")),
        (b"/v2/models/m/versions/a:b/infer", Route(Action.INFER, "m", "a:b")),
        (b"/v2/models/a%20%C3%A9/infer", Route(Action.INFER, "a é")),
        (b"/v2/models/m/feedback", Route(Action.FEEDBACK, "m")),
    ],
)
def test_known_targets(target: bytes, route: Route) -> None:
    assert route_of(target) == route


@pytest.mark.parametrize(
    "target",
    [
        b"/",
        b"*",
        b"v2",
        b"/v3/models/m",
        b"/v2/models",
        b"/v2/models/",
        b"/v2/health",
        b"/v2/models/m/explain",
        b"/v2/models/m/versions",
        b"/v2/models/m/versions/1/feedback",
        b"/v2/models/m/infer/more",
        b"http://host/v2",
    ],
)
def test_unknown_targets(target: bytes) -> None:
    with pytest.raises(NotFoundError):
        route_of(target)


@pytest.mark.parametrize(
    "target",
    [
        b"/v2/models/../infer",
        b"/v2/models/%2e%2e/infer",
        b"/v2/models/a%2Fb/infer",
        b"/v2/models/a%5Cb/infer",
        b"/v2/models/%00/infer",
        b"/v2/models/%0d%0a/infer",
        b"/v2/models/%ff/infer",
        b"/v2/models/" + b"m" * 256 + b"/infer",
    ],
)
def test_segments_that_are_no_names(target: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        route_of(target)
