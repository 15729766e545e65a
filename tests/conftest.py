"""Gates of the test tiers: unit tests need nothing, the others say what they need."""

import gc

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is slow; what a test shows does not depend on it.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--all-kills",
        action="store_true",
        help="run every kill of the recovery tests instead of one that rotates",
    )


def pytest_collection() -> None:
    """Collect no garbage while modules are imported: it is a sixth of that time, for nothing."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Spare garbage collections the imported modules: they live to the end anyway."""
    gc.collect()
    gc.freeze()
    gc.enable()
