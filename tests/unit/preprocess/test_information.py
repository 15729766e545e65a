import numpy as np
import pytest

from trimtab_stages.preprocess.information import information_loss, sample_rows

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(2000, 4)) * [1.0, 10.0, 0.1, 5.0] + [0, 100, -3, 2]


def test_an_invertible_linear_map_loses_nothing() -> None:
    mixed = X @ RANDOM.normal(size=(4, 4)) + 7
    assert information_loss(X, mixed) == pytest.approx(0, abs=1e-9)


def test_dropping_one_of_four_independent_columns_loses_a_quarter() -> None:
    assert information_loss(X, X[:, :3]) == pytest.approx(0.25, abs=0.01)


def test_dropping_a_copy_loses_nothing() -> None:
    doubled = np.concatenate([X, 3 * X[:, :1] + 1], axis=1)
    assert information_loss(doubled, X) == pytest.approx(0, abs=1e-9)


def test_scale_of_a_column_does_not_weigh() -> None:
    assert information_loss(X, X[:, 1:]) == pytest.approx(information_loss(X, X[:, :3]), abs=0.02)


def test_no_output_loses_everything_and_no_input_nothing() -> None:
    assert information_loss(X, X[:, :0]) == 1.0
    assert information_loss(X, np.ones((2000, 1))) == 1.0
    assert information_loss(np.ones((2000, 2)), X[:, :0]) == 0.0


def test_loss_is_the_r2_of_least_squares() -> None:
    clipped = np.clip(X, np.quantile(X, 0.2, axis=0), np.quantile(X, 0.8, axis=0))
    standardised = (X - X.mean(axis=0)) / X.std(axis=0)
    design = np.column_stack([np.ones(len(X)), clipped])
    fitted = design @ np.linalg.lstsq(design, standardised, rcond=None)[0]
    expected = np.mean((standardised - fitted) ** 2)
    assert information_loss(X, clipped) == pytest.approx(expected, abs=1e-9)


def test_sampled_rows_span_all_rows() -> None:
    rows = sample_rows(1_000_003, 20_000)
    assert (rows[0], rows[-1], len(rows)) == (0, 1_000_002, 20_000)
    assert sample_rows(3).tolist() == [0, 1, 2]
