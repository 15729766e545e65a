"""Which version answers, and what is decided."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from support import graphs
from trimtab_stages.contract.serving_plan import PlanVersion, ServingPlan
from trimtab_stages.serve.errors import NotFoundError, NotReadyError
from trimtab_stages.serve.model.run_estimate import Pace
from trimtab_stages.serve.model.session import OnnxModel
from trimtab_stages.serve.oip.tensors import Limits
from trimtab_stages.serve.plan.routing import Routing
from trimtab_stages.serve.plan.version import (
    DecidingModel,
    LoadedModel,
    ServedVersion,
    VersionSettings,
    decide,
)
from trimtab_stages.serve.settings import RunSettings

WEIGHTS = np.array([[1.0], [-1.0]], np.float32)


def digest(letter: str) -> str:
    return f"sha256:{letter * 64}"


def planned(letter: str, weight: int, **changes: object) -> PlanVersion:
    fields = {"digest": digest(letter), "key": letter, "weight": weight} | changes
    return PlanVersion.model_validate(fields)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> OnnxModel:
    path: Path = tmp_path_factory.mktemp("model") / "model.onnx"
    path.write_bytes(graphs.linear_scores(WEIGHTS))
    return OnnxModel(path, threads=1)


def routing(model: OnnxModel, versions: list[PlanVersion], loaded: str = "abcd") -> Routing:
    plan = ServingPlan(model="m", versions=versions)
    settings = VersionSettings(RunSettings(), Limits())
    one = LoadedModel(model, Pace(mergeable=True, run_seconds=0, row_seconds=0), None)
    return Routing(
        plan,
        [
            ServedVersion(version, one, settings)
            for version in versions
            if version.digest[7] in loaded
        ],
    )


def shares(table: Routing, requests: int = 4000) -> dict[str, float]:
    chosen = Counter(table.choose(f"id-{n}").name[0] for n in range(requests))
    return {name: 100 * count / requests for name, count in chosen.items()}


@pytest.mark.parametrize(
    ("versions", "loaded", "expected"),
    [
        pytest.param([planned("a", 100)], "a", {"a": 100}, id="one version"),
        pytest.param(
            [planned("a", 100), planned("b", 0, shadow=True)], "ab", {"a": 100}, id="shadow"
        ),
        pytest.param([planned("a", 90), planned("b", 10)], "ab", {"a": 90, "b": 10}, id="canary"),
        pytest.param([planned("a", 0), planned("b", 100)], "ab", {"b": 100}, id="all to b"),
        pytest.param(
            [planned("a", 60), planned("b", 40)], "a", {"a": 100}, id="refused version's share"
        ),
        pytest.param(
            [planned("a", 50), planned("b", 30), planned("c", 20)],
            "ac",
            {"a": 80, "c": 20},
            id="one of three is refused",
        ),
        pytest.param(
            [planned("a", 100), planned("b", 0)], "b", {"b": 100}, id="a former one stands in"
        ),
        pytest.param(
            [planned("a", 100), planned("c", 0, shadow=True), planned("b", 0)],
            "bc",
            {"b": 100},
            id="a shadow never does",
        ),
    ],
)
def test_weights_are_shares_of_the_inference_ids(
    model: OnnxModel,
    versions: list[PlanVersion],
    loaded: str,
    expected: dict[str, float],
) -> None:
    found = shares(routing(model, versions, loaded))

    assert found.keys() == expected.keys()
    for name, share in expected.items():
        assert found[name] == pytest.approx(share, abs=2.5)


def test_an_id_stays_with_its_version_as_a_canary_grows(model: OnnxModel) -> None:
    ids = [f"id-{n}" for n in range(1000)]
    challenger: list[set[str]] = []
    for weight in (0, 10, 50, 100):
        plan = [planned("a", 100 - weight), planned("b", weight)]
        table = routing(model, plan)
        challenger.append({one for one in ids if table.choose(one).name[0] == "b"})

    assert challenger[1] > challenger[0]
    assert challenger[2] >= challenger[1]
    assert challenger[3] == set(ids)


@pytest.mark.parametrize("name", ["b" * 16, digest("b")])
def test_a_version_is_found_by_name_and_by_digest(model: OnnxModel, name: str) -> None:
    table = routing(model, [planned("a", 100), planned("b", 0)])

    assert table.version(name).plan.digest == digest("b")


def test_versions_that_are_not_there(model: OnnxModel) -> None:
    table = routing(model, [planned("a", 100), planned("b", 0)], loaded="a")

    with pytest.raises(NotReadyError):
        table.version("b" * 16)
    with pytest.raises(NotFoundError):
        table.version("c" * 16)


@pytest.mark.parametrize(
    ("scores", "threshold", "expected"),
    [
        pytest.param([0.2, 0.5, 0.9], 0.5, [0, 1, 1], id="at the threshold is positive"),
        pytest.param([[0.2], [0.9]], 0.5, [0, 1], id="one column"),
        pytest.param([[0.2, 0.5, 0.3], [0.6, 0.2, 0.2]], None, [1, 0], id="argmax"),
        pytest.param([[0.4, 0.6]], 0.9, [1], id="threshold is not used for classes"),
        pytest.param([np.nan], 0.5, [0], id="NaN is not positive"),
    ],
)
def test_decisions(scores: list[float], threshold: float | None, expected: list[int]) -> None:
    decided = decide(np.array(scores, np.float32), threshold)

    assert decided.tolist() == expected
    assert decided.dtype == np.int64


@pytest.mark.parametrize(
    ("changes", "outputs"),
    [
        pytest.param({"threshold": 0.5}, ["score", "decision"], id="threshold"),
        pytest.param({}, ["score"], id="no threshold"),
    ],
)
def test_the_decision_is_an_output_where_it_is_made(
    model: OnnxModel, changes: dict[str, float], outputs: list[str]
) -> None:
    deciding = DecidingModel(model, planned("a", 100, **changes))

    assert [spec.name for spec in deciding.signature.outputs] == outputs
    assert list(deciding.run({"features": np.ones((3, 2), np.float32)})) == outputs
