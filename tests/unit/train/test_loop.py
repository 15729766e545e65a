import threading
from decimal import Decimal

import numpy as np
import pytest
import torch

from trimtab_stages.contract.reasons import StageError, StageReason
from trimtab_stages.contract.recipe import Architecture, EarlyStopping, Training
from trimtab_stages.runtime.stop import InterruptedRunError
from trimtab_stages.train.averaging import decay_at
from trimtab_stages.train.loop import Labelled, TrainingRows, train_epochs
from trimtab_stages.train.network import dense_layers, network_of, pack_layers, unpack_layers
from trimtab_stages.train.refinement import refined_loss
from trimtab_stages.train.reproducible import deterministic, plan_threads
from trimtab_stages.train.state import Task, TrainingState, pack_state, start_state, unpack_state


def labelled(seed: int, classes: int = 2, rows: int = 200) -> Labelled:
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, 3)).astype(np.float32)
    y = np.digitize(x[:, 0] + 0.3 * random.normal(size=rows), np.linspace(-1, 1, classes + 1)[1:-1])
    return Labelled(torch.from_numpy(x), torch.from_numpy(y.astype(np.int64)))


def task(classes: int = 2, **training: object) -> Task:
    options = {"epochs": 6, "batch_size": 32, "learning_rate": "0.01"} | training
    return Task(
        Architecture(hidden=[6], dropout=Decimal("0.2")),
        Training.model_validate(options),
        width=3,
        classes=classes,
        device=torch.device("cpu"),
        threads=1,
    )


def train(what: Task, state: TrainingState | None = None) -> TrainingState:
    state = state or start_state(what)
    rows = TrainingRows(labelled(0, what.classes), labelled(1, what.classes))
    with deterministic(1):
        train_epochs(state, rows, what, threading.Event(), lambda _: None)
    return state


def kept(state: TrainingState) -> bytes:
    return pack_layers(dense_layers(state.best_network()))


@pytest.mark.parametrize("classes", [2, 4])
def test_training_lowers_the_loss_and_keeps_the_best_epoch(classes: int) -> None:
    state = train(task(classes, epochs=12))
    assert state.curve[-1].train_loss < state.curve[0].train_loss
    refined = [record.refined_loss or 0.0 for record in state.curve]
    assert refined[state.best_epoch - 1] == pytest.approx(min(refined), abs=2e-4)


def test_two_trainings_are_equal_bit_by_bit_and_another_seed_is_not() -> None:
    assert kept(train(task())) == kept(train(task()))
    assert kept(train(task())) != kept(train(task(seed=8)))


def test_a_training_that_resumes_equals_one_that_never_stopped() -> None:
    straight = train(task(epochs=6))
    halfway = pack_state(train(task(epochs=3)), threads=1)
    torch.rand(17)  # other work moves torch's own generator; dropout must not notice
    resumed = train(task(epochs=6), unpack_state(halfway, task(epochs=6)))
    assert kept(resumed) == kept(straight)
    assert resumed.curve == straight.curve
    assert pack_state(resumed, 1) == pack_state(straight, 1)


def test_training_ends_when_patience_runs_out() -> None:
    stopping = EarlyStopping(patience_epochs=2, min_delta=Decimal(10))
    state = train(task(epochs=50, early_stopping=stopping))
    assert (state.best_epoch, state.epoch) == (1, 3)


def test_a_loss_that_is_no_number_names_epoch_and_learning_rate() -> None:
    state = start_state(task())
    with torch.no_grad():
        next(iter(state.network.parameters())).fill_(torch.nan)
    with pytest.raises(StageError, match=r"nan after epoch 1 at learning rate 0\.01") as caught:
        train(task(), state)
    assert caught.value.reason is StageReason.NAN_LOSS


def test_a_request_to_stop_ends_within_an_epoch() -> None:
    stop = threading.Event()
    rows = TrainingRows(labelled(0), labelled(1))
    state = start_state(task())
    with pytest.raises(InterruptedRunError):
        train_epochs(state, rows, task(), stop, lambda _: stop.set())
    assert state.epoch == 1


def test_weights_survive_their_file_exactly() -> None:
    layers = dense_layers(train(task()).best_network())
    read = unpack_layers(pack_layers(layers))
    x = labelled(2).x
    assert torch.equal(network_of(read)(x), network_of(layers)(x))


def test_refined_loss_does_not_see_scale_and_shift() -> None:
    logits = torch.randn(500, 1, generator=torch.Generator().manual_seed(0))
    target = (
        logits[:, 0] + torch.randn(500, generator=torch.Generator().manual_seed(1)) > 0
    ).long()
    plain = refined_loss(logits, target)
    assert refined_loss(5 * logits - 7, target) == pytest.approx(plain, abs=1e-5)


def test_refined_loss_of_several_classes_is_not_above_the_plain_loss() -> None:
    logits = torch.randn(300, 4, generator=torch.Generator().manual_seed(0)) * 6
    target = torch.randint(0, 4, (300,), generator=torch.Generator().manual_seed(1))
    plain = float(torch.nn.functional.cross_entropy(logits, target))
    assert refined_loss(logits, target) < plain / 2


@pytest.mark.parametrize(
    ("step", "decay", "expected"),
    [(0, 0.998, 0.1), (90, 0.998, 0.91), (10_000, 0.998, 0.998), (5, 0.0, 0.0)],
)
def test_decay_grows_to_its_limit(step: int, decay: float, expected: float) -> None:
    assert decay_at(step, decay) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("cpus", "batch", "widths", "threads"),
    [
        pytest.param(8, 256, [9, 64, 32], 1, id="small-network"),
        pytest.param(8, 4096, [512, 1024, 1024], 8, id="large-network"),
        pytest.param(2, 4096, [512, 1024, 1024], 2, id="cpu-limit"),
        pytest.param(8, 4096, [100], 1, id="no-hidden-layer"),
    ],
)
def test_threads_follow_the_work(cpus: int, batch: int, widths: list[int], threads: int) -> None:
    assert plan_threads(cpus, batch, widths) == threads
