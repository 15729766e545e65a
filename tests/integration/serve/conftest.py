"""One server for the tests that only ask; others start their own."""

from collections.abc import Iterator

import numpy as np
import pytest

from support import graphs
from support.serving import ServerProcess, ServingFolder, running_server

WEIGHTS = np.array([[1.0], [-1.0], [0.5], [0.25]], np.float32)


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> ServingFolder:
    return ServingFolder(tmp_path_factory.mktemp("serving"))


@pytest.fixture(scope="session")
def server(shared_folder: ServingFolder) -> Iterator[ServerProcess]:
    """A server of one version with a threshold, and a second version without weight."""
    champion = shared_folder.add(graphs.linear_scores(WEIGHTS), weight=100, threshold=0.5)
    former = shared_folder.add(graphs.linear_scores(-WEIGHTS), weight=0)
    plan = shared_folder.write_plan([champion, former])
    environment = {"TRIMTAB_MAX_BODY_BYTES": "1000000"}
    with running_server(shared_folder, environment) as process:
        process.wait_ready()
        process.wait_following(plan)
        yield process


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> ServingFolder:
    return ServingFolder(tmp_path_factory.mktemp("serving"))
