"""Gates of the test tiers: unit tests need nothing, the others say what they need."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--all-kills",
        action="store_true",
        help="run every kill of the recovery tests instead of one that rotates",
    )
