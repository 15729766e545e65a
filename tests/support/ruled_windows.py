"""Windows that follow one another, under the operator's own rules and cooldown."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from support.decisions import REPORT
from trimtab_operator.api.driftmonitor import DriftMonitorSpec
from trimtab_operator.api.monitor_status import WINDOWS, EvaluatedWindow, Retrain, RetrainState
from trimtab_operator.domain.cooldown import cooldown
from trimtab_operator.domain.failed_retrains import failed_in_a_row
from trimtab_operator.domain.matched_rule import RuleMatch, match_rules
from trimtab_operator.storage.window_entry import reading
from trimtab_stages.contract.monitoring import SignalValue


def default_monitor() -> DriftMonitorSpec:
    """Return the spec of a DriftMonitor with the default signals, rules and guards."""
    return DriftMonitorSpec.model_validate({"modelRef": {"name": "watched"}})


@dataclass
class RuledWindows:
    """What a DriftMonitor would keep of the windows so far, and what its rules say of the newest.

    Attributes:
        spec: rules, signals and guards.
        count: windows so far.
        windows: the newest of them.
        holding: rules whose condition holds after the newest.
        retrains: retrains so far.
    """

    spec: DriftMonitorSpec = field(default_factory=default_monitor)
    count: int = 0
    windows: list[EvaluatedWindow] = field(default_factory=list)
    holding: tuple[str, ...] = ()
    retrains: list[Retrain] = field(default_factory=list)

    def match(self, version: str, rows: int, signals: Iterable[SignalValue]) -> RuleMatch:
        """Return what the rules say of the next window.

        Args:
            version: digest of the champion that the window is judged against.
            rows: rows of the window.
            signals: what was measured; signals that are left out were not asked for.
        """
        same = bool(self.windows) and self.windows[-1].version == version
        self._add(version, rows, signals)
        found = match_rules(self.spec, self.windows, self.holding if same else ())
        self.holding = found.holding
        return found

    def is_cooling(self) -> bool:
        """Return whether the newest window is too near to a retrain or to a promotion."""
        return cooldown(self.spec, self.windows, self.retrains) is not None

    def is_broken(self) -> bool:
        """Return whether too many retrains in a row have failed."""
        failed = failed_in_a_row(self.retrains, None)
        return len(failed) >= self.spec.guards.breaker_failures

    def retrain(self) -> None:
        """Note that a retrain was decided for the newest window."""
        end = self.windows[-1].end
        decided = {"triggerId": f"window-{self.count}", "windowEnd": end, "time": end}
        self.retrains.append(Retrain.model_validate(decided | {"state": RetrainState.PASSED}))

    def end(self, state: RetrainState) -> None:
        """Note what has become of the newest retrain, other than that it passed."""
        self.retrains[-1] = self.retrains[-1].model_copy(update={"state": state})

    def _add(self, version: str, rows: int, signals: Iterable[SignalValue]) -> None:
        length = timedelta(seconds=self.spec.window.seconds)
        start = self.spec.window.anchor + self.count * length
        window = EvaluatedWindow.model_validate(
            {
                "start": start,
                "end": start + length,
                "version": version,
                "rows": rows,
                "report": REPORT,
                "signals": [reading(one) for one in signals],
            }
        )
        self.count += 1
        self.windows = [*self.windows, window][-WINDOWS:]
