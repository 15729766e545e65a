"""A faulty feed of real rides: each fault is named, holds retraining, and is never trained on.

The example of bike share runs as it is written, by the processes of the real operator, monitor and
model server, and by the real stages. Eight months are sent to the first model over HTTP. From the
third on it is worse by far, so every month would retrain. Five of them have a fault each.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from replay.faulty_feed import (
    Damage,
    in_fahrenheit,
    mislabelled,
    requests_of,
    send,
    sent_again,
    stuck,
    unharmed,
    with_clock_set,
)
from replay.player import decision_of
from replay.streams import Stream, bikes
from support.apiserver import ApiServer, Object
from support.datasets import bike_share
from support.examples import EXAMPLES
from support.operator_process import (
    monitor_settings,
    operator_settings,
    run_monitor,
    run_operator,
)
from support.serving import ServerProcess, ServingFolder, running_server
from support.tenant import ADMIN_PORT, address_of
from support.waiting import wait_until
from support.working_tenant import WorkingTenant
from trimtab_operator.manifests.names import server as server_name
from trimtab_operator.manifests.names import serving_plan
from trimtab_stages.contract.monitoring import Evaluation
from trimtab_stages.contract.serving_plan import ServingPlan
from trimtab_stages.contract.snapshot import SnapshotManifest
from trimtab_stages.store import LocalStore

pytestmark = [pytest.mark.integration, pytest.mark.long]

NAME = "bikes"
SECONDS = 120.0
TMIN, TMAX = 0, 1
FEED: tuple[Damage, ...] = (
    unharmed,
    unharmed,
    in_fahrenheit([TMIN, TMAX], 12),
    stuck(TMIN, 8, 20),
    sent_again(9, 12),
    with_clock_set(-5, 10, 13),
    mislabelled(0.4),
    unharmed,
)
"""What becomes of each month."""
LAST = len(FEED) - 1
FAULTY = [month for month, damage in enumerate(FEED) if damage is not unharmed]


@dataclass(frozen=True)
class Played:
    """A finished replay.

    Attributes:
        stream: the rides.
        tenant: namespace and bucket.
        status: of the DriftMonitor at the end.
        snapshot: what is retrained on.
    """

    stream: Stream
    tenant: WorkingTenant
    status: Object
    snapshot: SnapshotManifest

    def end(self, month: int) -> str:
        """Return when a month ends, as a status says it."""
        end = datetime.fromtimestamp(self.stream.edges_ns[month + 1] / 1e9, UTC)
        return end.strftime("%Y-%m-%dT%H:%M:%SZ")

    def decision(self, month: int) -> Object:
        """Return what was decided about a month."""
        found = decision_of(self.status, self.end(month))
        assert found is not None
        return found

    def evaluated(self, month: int) -> Object:
        """Return the month's evaluation."""
        end, evaluations = self.end(month), self.status["evaluations"]
        found: Object = next(item for item in evaluations if item["end"] == end)
        return found

    def report(self, month: int) -> Evaluation:
        """Return the month's stored report."""
        return Evaluation.from_bytes(self.tenant.store.get(self.evaluated(month)["report"]["key"]))

    def trained_months(self) -> set[int]:
        """Return the months, counted from the first replayed one, whose rows are trained on."""
        files = [self.tenant.store.get(split.file.key) for split in self.snapshot.splits]
        column = self.snapshot.time_column
        tables = [pq.read_table(pa.BufferReader(file), columns=[column]) for file in files]
        times = pa.concat_tables(tables)[column].cast(pa.timestamp("ns", "UTC")).cast(pa.int64())
        months = np.searchsorted(self.stream.edges_ns, times.to_numpy(), "right") - 1
        return set(months.tolist())


@pytest.fixture(scope="module")
def played(api_server: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> Played:
    """Run the loop on a faulty feed until a month without a fault has retrained."""
    folder = tmp_path_factory.mktemp("faulty-feed")
    stream = bikes(folder / "stream", 22, len(FEED))
    tenant = new_tenant(api_server, folder)
    names, storage = [tenant.name], {"path": str(folder / "buckets")}
    lease = {"name": tenant.name, "namespace": "trimtab-system", "seconds": 6}
    watched = monitor_settings(storage, namespaces=names, lease=lease)
    apply_example(tenant)
    with (
        run_operator(api_server, folder / "operator", operator_settings(storage, namespaces=names)),
        run_monitor(api_server, folder / "monitor", watched),
        serving(tenant, folder / "serving") as server,
    ):
        wait_until(lambda: has_champion(tenant), SECONDS, what="a model serves")
        for month, damage in enumerate(FEED):
            send(stream, damage(requests_of(stream, month)), server, NAME)
        wait_until(lambda: retrained(tenant), SECONDS, what="a run on the traffic")
    status = tenant.get("DriftMonitor", NAME)["status"]
    snapshot = tenant.get("Dataset", NAME)["status"]["snapshot"]
    manifest = tenant.store.get(snapshot["manifest"]["key"])
    return Played(stream, tenant, status, SnapshotManifest.from_bytes(manifest))


def new_tenant(server: ApiServer, folder: Path) -> WorkingTenant:
    name = f"f-{uuid.uuid4().hex[:8]}"
    for part in ("buckets/trimtab-audit", "work", f"buckets/trimtab-{name}/raw"):
        (folder / part).mkdir(parents=True)
    bucket = folder / "buckets" / f"trimtab-{name}"
    (bucket / "raw" / "bikes.csv").write_bytes(bike_share())
    return WorkingTenant(server, server.create_namespace(name), LocalStore(bucket), folder / "work")


def apply_example(tenant: WorkingTenant) -> None:
    for kind in ("Dataset", "Pipeline", "Model"):
        tenant.apply(kind, NAME, example(kind.lower()))
    tenant.apply("DriftMonitor", NAME, example("monitor"))


def example(name: str) -> Object:
    spec: Object = yaml.safe_load((EXAMPLES / NAME / f"{name}.yaml").read_text())["spec"]
    return spec


@contextmanager
def serving(tenant: WorkingTenant, root: Path) -> Iterator[ServerProcess]:
    """Let a server process be the Model's pod: it follows the plan that the operator writes."""
    folder = ServingFolder(root)
    plan = wait_until(lambda: planned(tenant), SECONDS, what="a plan is written")
    folder.write_plan_bytes(plan.to_bytes())
    (root / "storage" / "path").write_text(tenant.store.location)
    pod = {"HOSTNAME": f"{server_name(NAME)}-0"}
    address = address_of(tenant.name, server_name(NAME))
    with running_server(folder, pod, admin=(address, ADMIN_PORT)) as server:
        server.wait_following(plan)
        yield server


def planned(tenant: WorkingTenant) -> ServingPlan | None:
    """Let the cluster act; return the plan of the Model's pods, None where there is none yet."""
    tenant.act()
    maps = f"/api/v1/namespaces/{tenant.name}/configmaps/{serving_plan(NAME)}"
    return tenant.plan(NAME) if tenant.server.get(maps) else None


def has_champion(tenant: WorkingTenant) -> bool:
    """Let the cluster act; True when a version answers."""
    tenant.act()
    return "champion" in tenant.get("Model", NAME).get("status", {})


def retrained(tenant: WorkingTenant) -> bool:
    """Let the cluster ingest; True when a run follows the verdict."""
    for job in tenant.jobs():
        is_run = "trimtab.dev/run" in job["metadata"]["labels"]
        if not is_run and not job.get("status", {}).get("conditions"):
            tenant.run_job(job)
    return any(run["spec"]["trigger"] == "Verdict" for run in tenant.all("PipelineRun"))


@pytest.mark.parametrize(
    ("month", "faults", "words"),
    [
        pytest.param(
            2,
            [("UnitChange", "tmin"), ("UnitChange", "tmax")],
            [
                "from 2012-09-30T00:00:00Z",
                "a change from degC to degF",
                "the unit that the Dataset",
            ],
            id="a unit changes in the middle of the month",
        ),
        pytest.param(
            3,
            [("StuckSensor", "tmin")],
            ["from 2012-10-2", "kept one value for at most", "check the sensor"],
            id="a sensor is stuck for twelve days",
        ),
        pytest.param(
            4,
            [("DuplicateReplay", None)],
            ["most from 2012-11-2", "repeat the event time", "send each row once"],
            id="a day is sent twice",
        ),
        pytest.param(
            5,
            [("ClockSkew", None)],
            ["most from 2012-12-2", "jump back, by up to", "clock and time zone"],
            id="three days are stamped five hours back",
        ),
        pytest.param(
            6,
            [("CorruptLabels", None)],
            ["labels contradict", "check where labels come from"],
            id="four labels in ten are flipped",
        ),
    ],
)
def test_a_fault_is_named_and_holds_retraining(
    played: Played, month: int, faults: list[tuple[str, str | None]], words: list[str]
) -> None:
    report, decision = played.report(month), played.decision(month)
    assert [(fault.kind.value, fault.feature) for fault in report.faults] == faults
    signal = next(one for one in report.signals if one.name == "faults")
    assert signal.message.startswith(
        f"{len(faults)} faults in {report.rows} rows: {faults[0][0]}: "
    )
    assert all(part in signal.message for part in words)

    assert (decision["outcome"], decision["rule"]) == ("HoldRetraining", "broken-feed")
    for kind, feature in faults:
        named = f"{kind} of {feature}" if feature else kind
        assert named in decision["message"]
    quality = next(one for one in report.signals if one.name == "quality")
    assert quality.value is not None
    assert quality.low is not None
    assert min(quality.value - 0.05, quality.low) > 0, "rule `worse` alone would have retrained"


@pytest.mark.parametrize(
    ("month", "outcome"),
    [
        pytest.param(0, "Wait", id="the first month"),
        pytest.param(1, "Alert", id="the second month, its weather is unlike the year's"),
        pytest.param(LAST, "Retrain", id="the month after the faults"),
    ],
)
def test_a_feed_without_a_fault_is_judged_by_its_quality(
    played: Played, month: int, outcome: str
) -> None:
    assert played.report(month).faults == []
    assert played.decision(month)["outcome"] == outcome


def test_no_row_of_a_faulty_month_is_trained_on(played: Played) -> None:
    assert played.snapshot.captured_rows == 3 * 720
    assert played.trained_months() == {-1, 0, 1, LAST}


def test_every_hold_is_recorded_and_told(played: Played) -> None:
    held = [event for event in played.tenant.events() if event["reason"] == "RetrainingHeld"]
    assert len(held) == len(FAULTY)
    assert all("; found are " in event["note"] for event in held)
    assert [run["spec"]["trigger"] for run in played.tenant.all("PipelineRun")].count(
        "Verdict"
    ) == 1
