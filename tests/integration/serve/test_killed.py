"""A killed server process: at most one flush is lost, and the next process says how many rows.

Where its pod is gone there is no next process: what it said in the bucket tells that it lost one.
"""

import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tritonclient.http as triton

from support import graphs
from support.serving import ServerProcess, ServingFolder, running_server
from support.traffic import MODEL, ServerPod, instant, normal_rows, trained
from support.waiting import wait_until
from support.watching import T0, look, target_of
from trimtab_operator.monitor.sequences import writer_of
from trimtab_operator.monitor.targets import TrainedVersion
from trimtab_stages.contract import layout
from trimtab_stages.contract.pane import Pane
from trimtab_stages.contract.writer_state import WriterState

pytestmark = pytest.mark.integration

GRAPH = graphs.linear_scores(np.array([[1.0], [-1.0]], np.float32))
SELDOM = 300
"""Seconds between two flushes, longer than a test."""


def send(server: ServerProcess, rows: int) -> None:
    data = np.linspace(-1, 1, 2 * rows).tolist()
    tensor = {"name": "features", "shape": [rows, 2], "datatype": "FP32", "data": data}
    assert server.infer({"inputs": [tensor]}).status == 200


def stored_panes(folder: ServingFolder) -> list[Pane]:
    found = folder.store.list(layout.panes_prefix("m"))
    return [Pane.from_bytes(folder.store.get(entry.key)) for entry in found]


def stored_rows(folder: ServingFolder) -> int:
    return sum(pane.rows for pane in stored_panes(folder))


def metric(server: ServerProcess, series: str) -> str:
    page = server.send("GET", "/metrics", admin=True).body.decode()
    return page.split(f"\n{series} ")[1].split("\n")[0]


def lost_rows(server: ServerProcess) -> str:
    return metric(server, "trimtab_observation_lost_rows")


def written_blocks(server: ServerProcess) -> str:
    name = "trimtab_observation_written_objects_total"
    return metric(server, f'{name}{{kind="decisions",model="m"}}')


def test_rows_that_a_killed_process_took_with_it_are_counted_once(folder: ServingFolder) -> None:
    version = folder.add(GRAPH)
    with running_server(folder) as server:
        server.wait_following(folder.write_plan([version]))
        send(server, 5)
        wait_until(lambda: written_blocks(server) == "1.0", 20.0, what="first flush written")
        server.wait_following(folder.write_plan([version], flush_seconds=SELDOM))
        send(server, 3)
        send(server, 4)
        assert lost_rows(server) == "0.0"
        server.process.kill()

    with running_server(folder) as second:
        second.wait_ready()
        assert lost_rows(second) == "7.0"
        send(second, 1)
        second.process.kill()

    with running_server(folder) as successor:
        successor.wait_ready()
        assert lost_rows(successor) == "8.0", "nothing had told of the first seven yet"
        send(successor, 2)

    panes = stored_panes(folder)
    assert sum(pane.rows for pane in panes) == 5 + 2
    assert sum(pane.lost_rows for pane in panes) == 8

    with running_server(folder) as last:
        last.wait_ready()
        assert lost_rows(last) == "0.0", "the one before it ended orderly"


def test_an_answer_that_cannot_be_made_is_no_lost_row(folder: ServingFolder) -> None:
    folder.write_plan([folder.add(GRAPH)])
    tensor = triton.InferInput("features", [1, 2], "FP32")
    tensor.set_data_from_numpy(np.full((1, 2), np.nan, np.float32))
    in_json = triton.InferRequestedOutput("score", binary_data=False)
    with running_server(folder) as server:
        server.wait_ready()
        with (
            triton.InferenceServerClient(f"127.0.0.1:{server.port}") as client,
            pytest.raises(triton.InferenceServerException, match="NaN or infinity"),
        ):
            client.infer("m", [tensor], outputs=[in_json])
        server.process.kill()

    with running_server(folder) as successor:
        successor.wait_ready()
        assert lost_rows(successor) == "0.0"


def test_what_was_collected_is_written_before_the_drain(folder: ServingFolder) -> None:
    version = folder.add(GRAPH)
    with running_server(folder, {"TRIMTAB_DRAIN_SECONDS": "60"}) as server:
        server.wait_following(folder.write_plan([version], flush_seconds=SELDOM))
        send(server, 9)
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: written_blocks(server) == "1.0", 20.0, what="flush before the drain")
        server.process.kill()

    assert stored_rows(folder) == 9
    with running_server(folder) as successor:
        successor.wait_ready()
        assert lost_rows(successor) == "0.0"


def states(folder: ServingFolder, model: str = "m") -> list[tuple[bool, int]]:
    """Return what the process has said: whether something is unwritten, and how often it writes."""
    keys = sorted(entry.key for entry in folder.store.list(layout.writers_prefix(model)))
    found = (WriterState.from_bytes(folder.store.get(key)) for key in keys)
    return [(state.unwritten, state.flush_seconds) for state in found]


def test_a_process_that_ends_orderly_says_that_nothing_is_left(folder: ServingFolder) -> None:
    version = folder.add(GRAPH)
    with running_server(folder) as server:
        server.wait_following(folder.write_plan([version]))
        send(server, 5)
        wait_until(lambda: states(folder) == [(True, 1)], 20.0, what="said so")
        server.wait_following(folder.write_plan([version], flush_seconds=SELDOM))
        wait_until(lambda: states(folder)[1:] == [(True, SELDOM)], 20.0, what="said anew")
        send(server, 3)
    assert states(folder) == [(True, 1), (True, SELDOM), (False, SELDOM)]


def ask(server: ServerProcess, event: float) -> None:
    rows = normal_rows(10)
    tensor = {"name": "features", "shape": list(rows.shape), "datatype": "FP32"}
    body: dict[str, Any] = {"inputs": [tensor | {"data": rows.ravel().tolist()}]}
    body["parameters"] = {"event_time": round(event) * 10**9}
    assert server.infer(body, f"/v2/models/{MODEL}/infer").status == 200


@pytest.mark.parametrize(
    ("number", "lost_flushes"),
    [
        pytest.param(signal.SIGKILL, 1, id="killed"),
        pytest.param(signal.SIGTERM, 0, id="ended orderly"),
    ],
)
def test_a_pod_that_is_gone_with_all_it_had_counts_as_one_lost_flush(
    folder: ServingFolder, tmp_path: Path, number: signal.Signals, lost_flushes: int
) -> None:
    begin = time.time()
    with trained(folder.store, tmp_path, "run-1") as champion:
        served = [champion.served.plan]
        with running_server(folder) as server:
            server.wait_following(folder.write_plan(served, model=MODEL, pane_seconds=60))
            ask(server, T0)
            name = 'trimtab_observation_written_objects_total{kind="decisions",model="bikes"}'
            wait_until(lambda: metric(server, name) == "1.0", 20.0, what="first flush written")
            plan = folder.write_plan(served, model=MODEL, pane_seconds=60, flush_seconds=SELDOM)
            server.wait_following(plan)
            ask(server, T0 + 60)
            unwritten = [(True, SELDOM)]
            wait_until(lambda: states(folder, MODEL)[-1:] == unwritten, 20.0, what="said so")
            server.process.send_signal(number)
            server.process.wait()

        # Another pod goes on for so long that the first one is overdue.
        other, last = ServerPod(folder.store, "other-0"), time.time()
        for event, later in ((T0 + 300, 1), (T0 + 900, 100), (T0 + 1500, 2000), (T0 + 2100, 4000)):
            rows = normal_rows(10)
            other.answer(champion, f"o-{event}", rows, event=event, received=last + later)
            other.flush()
        versions = (TrainedVersion(champion.digest, champion.run, instant(begin)),)
        target = target_of(champion, versions=versions)
        reports = look(folder.store, target, last + 9999).reports

    writers = {
        writer_of(one.key).process for one in folder.store.list(layout.writers_prefix(MODEL))
    }
    (killed,) = (process for process in writers if not process.startswith(other.name))
    named = [one.evaluation.silent for one in reports]
    assert named == [[], [killed] * lost_flushes, []]
