"""A challenger beside the champion: scored, counted, promoted, taken back, and survived."""

import os
import signal
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from support import graphs
from support.serving import ServerProcess, ServingFolder, running_server
from support.steady_load import BODY, steady_load
from support.waiting import wait_until
from trimtab_stages.contract.captured_row import CapturedRows
from trimtab_stages.contract.reasons import ServingReason
from trimtab_stages.contract.serving_plan import PlanVersion, VersionCounts, VersionState

pytestmark = pytest.mark.integration

WEIGHTS = np.array([[1.0], [-1.0]], np.float32)
CHAMPION = graphs.linear_scores(WEIGHTS)
CHALLENGER = graphs.linear_scores(-WEIGHTS)
FAILING = graphs.linear_scores(np.array([[1.0], [1.0], [1.0]], np.float32))
"""Takes three features where the champion takes two."""
SLOW_TO_LOAD = graphs.perceptron((2, 3000, 3000, 2))
SHADOW = {"weight": 0, "shadow": True}


def state_of(server: ServerProcess, version: PlanVersion) -> VersionState | None:
    states = [item for item in server.state().versions if item.digest == version.digest]
    return states[0] if states else None


def counts_of(server: ServerProcess, version: PlanVersion) -> VersionCounts:
    state = state_of(server, version)
    return state.counts if state is not None and state.counts is not None else VersionCounts()


def is_refused(server: ServerProcess, version: PlanVersion, reason: ServingReason) -> bool:
    state = state_of(server, version)
    return state is not None and state.reason is reason


def follow(server: ServerProcess, folder: ServingFolder, versions: Sequence[PlanVersion]) -> None:
    """Write a plan and wait until the process follows it."""
    server.wait_following(folder.write_plan(versions))


def as_(version: PlanVersion, **role: object) -> PlanVersion:
    return version.model_copy(update=role)


def test_promotion_and_rollback_under_load_lose_no_request(folder: ServingFolder) -> None:
    champion, challenger = folder.add(CHAMPION), folder.add(CHALLENGER)
    shadow, former = as_(challenger, **SHADOW), as_(champion, weight=0)
    with running_server(folder) as server:
        follow(server, folder, [champion])
        with steady_load(server) as clients:
            follow(server, folder, [champion, shadow])
            wait_until(
                lambda: counts_of(server, shadow).shadow_requests >= 200, 30.0, what="shadow scored"
            )
            follow(server, folder, [challenger, former])
            follow(server, folder, [challenger])
            follow(server, folder, [champion, shadow])
            follow(server, folder, [champion])
        assert counts_of(server, champion).failed_requests == 0

    assert {status for client in clients for status in client.statuses} == {200}
    names = [champion.digest[7:23], challenger.digest[7:23]]
    for client in clients:
        turns = [b for a, b in pairwise(["", *client.versions]) if a != b]
        assert turns == [names[0], names[1], names[0]], "each version once, then the former again"


def test_both_versions_are_counted_and_timed(folder: ServingFolder) -> None:
    champion, shadow = folder.add(CHAMPION), folder.add(CHALLENGER, **SHADOW)
    with running_server(folder) as server:
        follow(server, folder, [champion, shadow])
        for _ in range(50):
            assert server.send("POST", "/v2/models/m/infer", BODY).status == 200
        wait_until(lambda: counts_of(server, shadow).shadow_rows == 50, 20.0, what="all are scored")
        served, scored = counts_of(server, champion), counts_of(server, shadow)

    assert (served.requests, served.rows, served.shadow_rows) == (50, 50, 0)
    assert (scored.requests, scored.shadow_requests, scored.shadow_failed_requests) == (0, 50, 0)
    for found in (served, scored):
        assert sum(item.rows for item in found.times) == 50
        assert all(item.seconds > 0 for item in found.times)


def test_a_shadow_that_cannot_score_fails_alone(folder: ServingFolder) -> None:
    champion, shadow = folder.add(CHAMPION), folder.add(FAILING, **SHADOW)
    with running_server(folder) as server:
        follow(server, folder, [champion, shadow])
        for _ in range(30):
            assert server.send("POST", "/v2/models/m/infer", BODY).status == 200
        wait_until(
            lambda: counts_of(server, shadow).shadow_failed_requests == 30, 20.0, what="all failed"
        )
        assert counts_of(server, shadow).shadow_requests == 0
        assert counts_of(server, champion).failed_requests == 0


def test_both_versions_keep_the_same_sampled_rows(folder: ServingFolder) -> None:
    champion, shadow = folder.add(CHAMPION), folder.add(CHALLENGER, **SHADOW)
    with running_server(folder) as server:
        server.wait_following(folder.write_plan([champion, shadow], capture_fraction=0.3))
        for number in range(200):
            body = b'{"id":"r-%d",' % number + BODY[1:]
            assert server.send("POST", "/v2/models/m/infer", body).status == 200
        wait_until(lambda: counts_of(server, shadow).shadow_rows == 200, 20.0, what="all scored")
        wait_until(
            lambda: kept(folder, champion) and kept(folder, champion) == kept(folder, shadow),
            20.0,
            what="the same rows are kept",
        )
    assert 30 <= len(kept(folder, champion)) <= 90


def kept(folder: ServingFolder, version: PlanVersion) -> list[str]:
    """Return the ids of a version's captured rows, sorted."""
    prefix = f"serving/m/captured/{version.digest[7:23]}/"
    found = [entry.key for entry in folder.store.list(prefix)]
    batches = [CapturedRows.from_bytes(folder.store.get(key)) for key in found]
    return sorted(one for batch in batches for one in batch.ids)


def test_a_version_for_one_pod_is_nothing_to_the_others(folder: ServingFolder) -> None:
    champion, garbage = folder.add(CHAMPION), folder.add(b"garbage", **SHADOW)
    with running_server(folder, {"HOSTNAME": "pod-1"}) as server:
        follow(server, folder, [champion, as_(garbage, only_on="pod-0")])
        assert state_of(server, garbage) is None, "another pod's"

        folder.write_plan([champion, as_(garbage, only_on="pod-1")])
        wait_until(
            partial(is_refused, server, garbage, ServingReason.INVALID_MODEL), 30.0, what="refused"
        )
        assert server.send("POST", "/v2/models/m/infer", BODY).status == 200


def test_a_restarted_server_answers_with_the_former_version_when_the_new_one_is_refused(
    folder: ServingFolder,
) -> None:
    former, broken = folder.add(CHAMPION, weight=0), folder.add(b"garbage")
    folder.write_plan([broken, former])
    with running_server(folder) as server:
        server.wait_ready()
        answer = server.send("POST", "/v2/models/m/infer", BODY)

        assert answer.status == 200
        assert answer.document["model_version"] == former.digest[7:23]
        assert server.state().revision == "", "the plan is not followed"


def test_a_shadow_alone_answers_nothing(folder: ServingFolder) -> None:
    broken, shadow = folder.add(b"garbage"), folder.add(CHAMPION, **SHADOW)
    folder.write_plan([broken, shadow])
    with running_server(folder) as server:
        wait_until(partial(is_loaded, server, shadow), 30.0, what="the shadow is loaded")
        assert server.send("GET", "/readyz", admin=True).status == 503
        assert server.send("POST", "/v2/models/m/infer", BODY).status == 503


def is_loaded(server: ServerProcess, version: PlanVersion) -> bool:
    try:
        return is_refused(server, version, ServingReason.LOADED)
    except OSError:
        return False


def test_a_segmentation_fault_in_the_load_check_costs_the_process_nothing(
    folder: ServingFolder,
) -> None:
    champion, killer = folder.add(CHAMPION), folder.add(SLOW_TO_LOAD, **SHADOW)
    with running_server(folder) as server:
        follow(server, folder, [champion])
        with steady_load(server) as clients:
            folder.write_plan([champion, killer])
            child = wait_until(
                lambda: checking_child(server.process.pid), 30.0, interval=0.002, what="a check"
            )
            os.kill(child, signal.SIGSEGV)
            wait_until(
                partial(is_refused, server, killer, ServingReason.CRASHED_ON_LOAD), 30.0, what="end"
            )
        state = state_of(server, killer)
        assert server.process.poll() is None

    assert state is not None
    assert "was killed by SIGSEGV" in state.message
    assert {status for client in clients for status in client.statuses} == {200}


def checking_child(parent: int) -> int | None:
    """Return the process id of the running load check."""
    for task in Path(f"/proc/{parent}/task").iterdir():
        for child in (task / "children").read_text().split():
            words = Path(f"/proc/{child}/cmdline").read_bytes()
            if b"trimtab_stages.serve.model.check" in words:
                return int(child)
    return None


def test_a_segmentation_fault_at_the_load_itself_costs_one_restart(folder: ServingFolder) -> None:
    champion, killer = folder.add(CHAMPION), folder.add(SLOW_TO_LOAD, **SHADOW)
    mark = folder.root / "state" / "loading" / killer.digest.removeprefix("sha256:")
    with running_server(folder) as server:
        follow(server, folder, [champion])
        folder.write_plan([champion, killer])
        wait_until(mark.exists, 60.0, interval=0.0005, what="the process loads the version")
        server.process.send_signal(signal.SIGSEGV)
        assert server.process.wait(30) == -signal.SIGSEGV
    with running_server(folder) as restarted:
        restarted.wait_ready()
        wait_until(
            partial(is_refused, restarted, killer, ServingReason.CRASHED_ON_LOAD), 30.0, what="end"
        )
        assert restarted.send("POST", "/v2/models/m/infer", BODY).status == 200
        follow(restarted, folder, [champion])
