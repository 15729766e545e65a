"""Reads API bodies of Trimtab's own kinds as their pydantic models."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeVar

from pydantic import ValidationError

from trimtab_operator.api.dataset import Dataset
from trimtab_operator.api.driftmonitor import DriftMonitor
from trimtab_operator.api.kinds import Kind, TrimtabObject
from trimtab_operator.api.model import Model
from trimtab_operator.api.pipeline import Pipeline
from trimtab_operator.api.pipelinerun import PipelineRun
from trimtab_operator.cluster.client import Manifest

logger = logging.getLogger(__name__)

Parsed = TypeVar("Parsed", Dataset, Pipeline, PipelineRun, Model, DriftMonitor)
BEGINNING = datetime.min.replace(tzinfo=UTC)
END = datetime.max.replace(tzinfo=UTC)


def parse_one(kind: Kind, body: Manifest | None, wanted: type[Parsed]) -> Parsed | None:
    """Return a referenced object; one that is invalid counts as not there.

    Its own reconcile tells its owner what is wrong with it.
    """
    if body is None:
        return None
    try:
        parsed = kind.parse(body)
    except ValidationError as error:
        name = body["metadata"]["name"]
        logger.warning("invalid reference", extra={"object": name, "cause": str(error)})
        return None
    return parsed if isinstance(parsed, wanted) else None


def parse_all(kind: Kind, bodies: Sequence[Manifest], wanted: type[Parsed]) -> tuple[Parsed, ...]:
    """Return the valid objects, oldest first."""
    found = [parse_one(kind, body, wanted) for body in bodies]
    valid = [parsed for parsed in found if parsed is not None]
    return tuple(sorted(valid, key=_age))


def _age(parsed: TrimtabObject) -> tuple[datetime, datetime, str]:
    """Return what objects are sorted by; the API server tells whole seconds of their creation.

    Of runs of one second the one that started later is the newer one, or has not started yet.
    """
    started = parsed.status.start_time if isinstance(parsed, PipelineRun) else None
    created = parsed.metadata.creation_timestamp or BEGINNING
    return (created, started or END, parsed.metadata.name)
