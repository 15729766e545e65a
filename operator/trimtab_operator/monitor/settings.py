"""The monitor's settings: one mounted YAML file, read once at start."""

from typing import Annotated

from pydantic import Field

from trimtab_operator.settings import LeaseSettings, Ports, Storage
from trimtab_stages.contract.base import ObjectName, StrictModel


class MonitorSettings(StrictModel):
    """Everything that the monitor is told by its release."""

    namespaces: list[ObjectName] = Field(default_factory=list)
    """Namespaces that are watched. Default: all."""
    storage: Storage = Field(default_factory=Storage)
    """Where the tenants' buckets are."""
    lease: LeaseSettings = Field(
        default_factory=lambda: LeaseSettings.model_validate({"name": "trimtab-monitor"})
    )
    """The Lease that elects the one active monitor."""
    ports: Ports = Field(default_factory=Ports)
    """Listening ports; 0 takes a free one."""
    poll_seconds: Annotated[int, Field(ge=1, le=600)] = 5
    """How often the objects are listed, seconds. Looks at a Model's bucket keep a pace of their
    own: four while its servers write once, `capture.flushSeconds`."""
    workers: Annotated[int, Field(ge=1, le=64)] = 4
    """DriftMonitors that are looked at at the same time."""
