"""What every rule did and cost, and the proof that no row got lost."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from trimtab_stages.contract.ingest import IngestRules, TimeRules
from trimtab_stages.contract.reasons import StageError, StageReason
from trimtab_stages.contract.snapshot import RuleCount
from trimtab_stages.ingest.frame import Frame, Rejected, Step
from trimtab_stages.ingest.raw import RawRows
from trimtab_stages.ingest.rule_names import Rule

STAMP = "%Y-%m-%dT%H:%M:%SZ"
LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class Ledger:
    """Collects the steps of one ingest, in order.

    Attributes:
        clock: seconds, monotonic.
        counts: effect and cost of every rule.
        rejected: rows that rules refused; their positions are in `raw`.
        raw: the raw rows inside the time range.
        captured: captured rows that came in.
    """

    clock: Callable[[], float]
    counts: list[RuleCount] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    raw: RawRows | None = None
    captured: int = 0

    def account(self, act: Callable[[], Step], *, since: float | None = None) -> Frame:
        """Let a rule act, note what it did and how long it took, and return the rows left.

        Args:
            act: the rule.
            since: when its work began, where part of it came before `act`.
        """
        start = self.clock() if since is None else since
        step = act()
        self._note(
            RuleCount(
                rule=step.rule,
                quarantined=sum(len(refused.source) for refused in step.rejected),
                filtered=step.filtered,
                changed=step.changed,
                seconds=round(self.clock() - start, 6),
            )
        )
        self.rejected += step.rejected
        return step.frame

    def account_read(self, raw: RawRows, seconds: float) -> None:
        """Note the rows that came in, the lines that reading set aside, and its time."""
        self.raw = raw
        lines = len(raw.malformed)
        self._note(RuleCount(rule=Rule.MALFORMED, quarantined=lines, seconds=round(seconds, 6)))

    @property
    def rows_in(self) -> int:
        """Rows of the source in the time range, malformed lines included, and captured rows."""
        file = 0 if self.raw is None else len(self.raw) + len(self.raw.malformed)
        return file + self.captured

    @property
    def quarantined(self) -> int:
        """Rows in quarantine."""
        return sum(count.quarantined for count in self.counts)

    @property
    def filtered(self) -> int:
        """Rows set aside without being faulty."""
        return sum(count.filtered for count in self.counts)

    def refuse_too_many(self, rules: IngestRules) -> None:
        """Fail where more rows are in quarantine than `maxQuarantinedFraction` allows.

        Raises:
            StageError: NoRowsLeft or ValidationFailed, naming the rules and an example.
        """
        if self.rows_in == 0:
            raise StageError(StageReason.NO_ROWS_LEFT, _no_rows(self._source(), rules.time))
        share = self.quarantined / self.rows_in
        if share <= float(rules.max_quarantined_fraction):
            return
        reason = StageReason.NO_ROWS_LEFT if share == 1 else StageReason.VALIDATION_FAILED
        raise StageError(
            reason,
            f"{self.quarantined} of {self.rows_in} rows ({share:.1%}) are faulty, more than"
            f" `spec.maxQuarantinedFraction` {rules.max_quarantined_fraction:f}:"
            f" {self._culprits()}. Correct the source, the rule, or the limit.",
        )

    def check_balance(self, kept: int) -> None:
        """Prove that rows in = rows kept + rows in quarantine + rows set aside.

        Raises:
            StageError: InternalError.
        """
        if self.rows_in != kept + self.quarantined + self.filtered:
            raise StageError(
                StageReason.INTERNAL_ERROR,
                f"{self.rows_in} rows came in, but {kept} kept + {self.quarantined} quarantined +"
                f" {self.filtered} set aside are another number; please report this.",
            )

    def _note(self, count: RuleCount) -> None:
        self.counts.append(count)
        LOG.info("rule", extra={"rule": count.to_wire()})

    def _source(self) -> str:
        """Return the name of the only file, or that there are several."""
        files = () if self.raw is None else self.raw.files
        return files[0] if len(files) == 1 else f"the source ({len(files)} files)"

    def _culprits(self) -> str:
        worst = sorted(self.counts, key=lambda count: -count.quarantined)[:3]
        return "; ".join(
            f"{count.rule} {count.quarantined} (for example {self._example(count.rule)})"
            for count in worst
            if count.quarantined
        )

    def _example(self, rule: str) -> str:
        if rule == Rule.MALFORMED and self.raw is not None:
            return self.raw.malformed[0].reason
        return next(held.reasons[0] for held in self.rejected if held.rule == rule and held.reasons)


def _no_rows(source: str, time: TimeRules) -> str:
    start = "its beginning" if time.start is None else f"`spec.time.start` {time.start:{STAMP}}"
    end = "its end" if time.end is None else f"`spec.time.end` {time.end:{STAMP}}"
    return f"{source} has no rows from {start} to {end}; correct `spec.time`, or the source."
