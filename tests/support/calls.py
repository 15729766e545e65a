"""Infer requests to real graphs in this process: what became of them, and what is counted."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trimtab_stages.contract.base import digest_of_bytes
from trimtab_stages.contract.serving_plan import PlanVersion, ServingPlan, VersionCounts
from trimtab_stages.serve.call import Aftermath
from trimtab_stages.serve.errors import RequestError
from trimtab_stages.serve.grpc.infer import GrpcInfer
from trimtab_stages.serve.inference import IdSource, Inference
from trimtab_stages.serve.model.run_estimate import Pace
from trimtab_stages.serve.model.session import OnnxModel
from trimtab_stages.serve.observe.batch import Answered
from trimtab_stages.serve.observe.unwritten import UnwrittenRows
from trimtab_stages.serve.oip.messages import ModelInferRequest
from trimtab_stages.serve.oip.tensors import Limits
from trimtab_stages.serve.plan.routing import Routing
from trimtab_stages.serve.plan.version import LoadedModel, ServedVersion, VersionSettings
from trimtab_stages.serve.settings import RunSettings
from trimtab_stages.serve.shadow import ShadowQueue
from trimtab_stages.serve.statistics import Statistics

SECONDS = 20.0
"""Longest time that an answer may take."""


@dataclass
class Desk:
    """The versions of one plan, asked on the running event loop.

    Attributes:
        folder: for the graphs' files.
        statistics: what is counted.
        noted: names of the versions whose answers were noted, oldest first.
        shadow: answered requests that shadows shall score.
    """

    folder: Path
    statistics: Statistics = field(default_factory=Statistics)
    noted: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.shadow = shadow = ShadowQueue(self._note, self.statistics, loop)
        unwritten = UnwrittenRows(self.folder)
        aftermath = Aftermath(self.statistics, self._note, unwritten, shadow, loop)
        self.inference = Inference(Limits(), IdSource("pod", 0), aftermath)

    def load(self, graph: bytes, run: RunSettings | None = None, **role: Any) -> ServedVersion:
        """Return a graph as a version of a plan."""
        digest = digest_of_bytes(graph)
        path = self.folder / f"{digest[7:]}.onnx"
        path.write_bytes(graph)
        pace = Pace(mergeable=True, run_seconds=0, row_seconds=0)
        plan = PlanVersion.model_validate({"digest": digest, "key": digest[7:]} | role)
        settings = VersionSettings(run or RunSettings(), Limits())
        return ServedVersion(plan, LoadedModel(OnnxModel(path, threads=1), pace, None), settings)

    def ask(
        self,
        versions: Sequence[ServedVersion],
        values: Sequence[float] = (0.0, 0.0),
        *,
        name: str | None = None,
        seconds: float = SECONDS,
    ) -> GrpcInfer:
        """Send one row to versions; raises `RequestError` where it is refused at once."""
        plan = ServingPlan(model="m", versions=[version.plan for version in versions])
        tensor: dict[str, Any] = {
            "name": "features",
            "datatype": "FP32",
            "shape": [1, len(values)],
            "contents": {"fp32_contents": list(values)},
        }
        exchange = GrpcInfer(ModelInferRequest(model_name="m", inputs=[tensor]), 8, seconds)
        self.inference.start(exchange, Routing(plan, versions), name)
        return exchange

    async def outcome(self, exchange: GrpcInfer) -> str:
        """Return "ok", or the word of the error that a request ends with."""
        try:
            async with asyncio.timeout(SECONDS):
                await exchange.answer
        except RequestError as error:
            return error.code
        return "ok"

    def counts(self, version: ServedVersion) -> VersionCounts:
        """Return what `GET /plan` says of a version."""
        return self.statistics.of(version.name).counts([])

    def _note(self, version: ServedVersion, answered: Answered) -> None:
        del answered
        self.noted.append(version.name)
