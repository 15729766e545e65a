from pathlib import Path

import pytest

from support.training import make_place, make_recipe, make_spec, write_snapshot
from trimtab_stages.runtime.launcher import (
    ClusterSettings,
    build_environment,
    read_cluster_settings,
)
from trimtab_stages.runtime.options import Command, parse_options


@pytest.mark.parametrize("environment", [{}, {"TRIMTAB_NODES": "1"}, {"TRIMTAB_NODES": ""}])
def test_a_single_pod_forms_no_cluster(environment: dict[str, str]) -> None:
    assert read_cluster_settings(environment) is None


def test_the_jobs_environment_says_which_pod_this_is() -> None:
    environment = {
        "TRIMTAB_NODES": "3",
        "JOB_COMPLETION_INDEX": "2",
        "TRIMTAB_HEAD_ADDRESS": "r-0.r:6379",
    }
    settings = read_cluster_settings(environment)
    assert settings == ClusterSettings(nodes=3, index=2, head="r-0.r:6379")
    assert settings.port == 6379


def test_pods_of_one_run_share_a_token_that_others_cannot_make(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    spec = make_spec(place.store, write_snapshot(place.store, rows=20), make_recipe())
    token = build_environment(place.storage, spec)["RAY_AUTH_TOKEN"]
    assert build_environment(place.storage, spec)["RAY_AUTH_TOKEN"] == token
    other_run = spec.model_copy(update={"run": "other"})
    assert build_environment(place.storage, other_run)["RAY_AUTH_TOKEN"] != token
    (place.storage / "secretAccessKey").write_text("another tenant's")
    assert build_environment(place.storage, spec)["RAY_AUTH_TOKEN"] != token


def test_the_driver_gets_the_same_command_line() -> None:
    given = ["--spec", "s.json", "--storage", "/s", "--workdir", "/w", "--termination-log", "/t"]
    options = parse_options(["run", *given])
    driver = parse_options(options.for_driver())
    assert driver.driver
    assert (driver.command, driver.spec, driver.storage) == (
        Command.RUN,
        Path("s.json"),
        Path("/s"),
    )
    assert (driver.workdir, driver.termination_log) == (Path("/w"), Path("/t"))
