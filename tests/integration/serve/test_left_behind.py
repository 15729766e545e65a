"""Panes, captured rows, decision records and feedback of a running server, in its store."""

import json
from pathlib import Path

import numpy as np
import pytest

from support import graphs
from support.s3 import S3Server, write_storage_directory
from support.serving import ServerProcess, ServingFolder, running_server
from support.waiting import wait_until
from trimtab_stages.contract.captured_row import CapturedRows
from trimtab_stages.contract.decision_record import digest_prefix, hash_id, unpack_block
from trimtab_stages.contract.feedback import FeedbackBatch
from trimtab_stages.contract.pane import Pane
from trimtab_stages.contract.serving_plan import ServingPlan
from trimtab_stages.store import S3Store, Store, open_store

pytestmark = pytest.mark.integration

WEIGHTS = np.array([[1.0], [-1.0]], np.float32)
HOUR_NS = 3600 * 10**9
REQUESTS = 30


def keys(store: Store, kind: str) -> list[str]:
    return [entry.key for entry in store.list(f"serving/m/{kind}/")]


def panes(store: Store) -> list[Pane]:
    return [Pane.model_validate(Pane.from_bytes(store.get(key))) for key in keys(store, "panes")]


def captured(store: Store) -> list[CapturedRows]:
    found = (CapturedRows.from_bytes(store.get(key)) for key in keys(store, "captured"))
    return [CapturedRows.model_validate(rows) for rows in found]


def rows_in(store: Store, version: str, *, shadow: bool) -> int:
    return sum(
        pane.rows for pane in panes(store) if pane.version == version and pane.shadow is shadow
    )


def send_rows(server: ServerProcess) -> None:
    """Send requests of two rows, one hour of event time apart."""
    for number in range(REQUESTS):
        tensor = {
            "name": "features",
            "shape": [2, 2],
            "datatype": "FP32",
            "data": [number, 0.0, 0.0, number],
        }
        reply = server.infer(
            {
                "id": f"r{number}",
                "inputs": [tensor],
                "parameters": {"event_time": number * HOUR_NS // 10},
            }
        )
        assert reply.status == 200


def follow_with_shadow(folder: ServingFolder, server: ServerProcess) -> ServingPlan:
    champion = folder.add(graphs.linear_scores(WEIGHTS), threshold=0.5)
    shadow = folder.add(graphs.linear_scores(-WEIGHTS), weight=0, shadow=True)
    plan = folder.write_plan([champion, shadow], pane_seconds=3600)
    server.wait_following(plan)
    return plan


def test_every_row_is_counted_once_kept_by_share_and_traceable(folder: ServingFolder) -> None:
    store = folder.store
    with running_server(folder) as server:
        plan = follow_with_shadow(folder, server)
        champion, shadow = (version.digest for version in plan.versions)
        send_rows(server)
        wait_until(lambda: rows_in(store, shadow, shadow=True) == 2 * REQUESTS, 20.0, what="shadow")
        wait_until(lambda: rows_in(store, champion, shadow=False) == 2 * REQUESTS, 20.0)

    buckets = {pane.bucket for pane in panes(store)}
    assert buckets == {0, 3600, 7200}
    for pane in panes(store):
        assert pane.bucket <= pane.first_event_ns // 10**9 < pane.bucket + pane.bucket_seconds
    sequences = sorted(int(pane.writer.rpartition("-")[2]) for pane in panes(store))
    assert sequences == list(range(len(sequences))), "no hole: nothing was lost"

    ids = {f"r{n}#{row}" for n in range(REQUESTS) for row in range(2)}
    by_version = {
        digest: {one for rows in captured(store) if rows.version == digest for one in rows.ids}
        for digest in (champion, shadow)
    }
    assert by_version == {champion: ids, shadow: ids}, "both kept the same rows: pairs"
    assert {rows.version for rows in captured(store) if rows.shadow} == {shadow}
    assert {rows.version for rows in captured(store) if not rows.shadow} == {champion}

    records = [
        record for key in keys(store, "decisions") for record in unpack_block(store.get(key))
    ]
    assert len(records) == 2 * REQUESTS
    assert {record.version for record in records} == {digest_prefix(champion)}
    assert {record.revision for record in records} == {digest_prefix(plan.revision)}
    (found,) = [r for r in records if r.id_hash == hash_id("r7") and r.row == 1]
    assert found.score == pytest.approx(1 / (1 + np.exp(7)), rel=1e-5)
    assert found.decision == 0
    assert found.event_ns == 7 * HOUR_NS // 10


def test_what_is_left_at_shutdown_is_written(folder: ServingFolder) -> None:
    champion = folder.add(graphs.linear_scores(WEIGHTS))
    plan = folder.write_plan([champion], flush_seconds=3600)
    with running_server(folder) as server:
        server.wait_following(plan)
        send_rows(server)
        body = json.dumps({"labels": [{"id": "r1", "row": 1, "label": "yes"}]}).encode()
        assert server.send("POST", "/v2/models/m/feedback", body).status == 202
        assert panes(folder.store) == []

    assert rows_in(folder.store, champion.digest, shadow=False) == 2 * REQUESTS
    (key,) = keys(folder.store, "feedback")
    batch = FeedbackBatch.model_validate(FeedbackBatch.from_bytes(folder.store.get(key)))
    assert [(label.id, label.row, label.label) for label in batch.labels] == [("r1", 1, "yes")]


def test_an_s3_store_serves_and_receives(
    folder: ServingFolder, s3_server: S3Server, tmp_path: Path
) -> None:
    settings = s3_server.create_bucket()
    storage = write_storage_directory(settings, tmp_path / "storage")
    graph = graphs.linear_scores(WEIGHTS)
    version = folder.add(graph)
    S3Store(settings).put_if_absent(version.key, graph)
    plan = folder.write_plan([version])
    with running_server(folder, storage=storage) as server:
        server.wait_following(plan)
        send_rows(server)

    assert rows_in(open_store(storage), version.digest, shadow=False) == 2 * REQUESTS
    assert panes(folder.store) == []
