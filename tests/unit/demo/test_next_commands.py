"""What the demo ends with can be typed as it is."""

from pathlib import Path

import pytest

from demo import next_commands as told
from demo.next_commands import next_commands


def test_the_first_line_names_the_folders_of_the_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(told, "BINARIES", Path("/c/bin"))
    monkeypatch.setattr(told, "ADMIN_KUBECONFIG", Path("/s/admin.kubeconfig"))
    first, *_, last = next_commands("demo", "bikes")
    assert first == "export KUBECONFIG=/s/admin.kubeconfig PATH=/c/bin:$PATH"
    assert last == "make down"


def test_a_cluster_of_one_s_own_is_chosen_and_not_taken_down() -> None:
    first, *others = next_commands("demo", "bikes", "kind-a")
    assert first == "kubectl config use-context kind-a"
    assert others == next_commands("demo", "bikes")[1:-1]
