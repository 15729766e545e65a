"""What a server process says of what it has not written, and in which order."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from support.waiting import wait_until
from trimtab_stages.contract.serving_plan import PlanVersion, ServingPlan
from trimtab_stages.contract.writer_state import REST_SECONDS, WriterState
from trimtab_stages.serve.observe.observer import Naming
from trimtab_stages.serve.observe.outbox import Outbox, Outgoing
from trimtab_stages.serve.observe.writer_log import WriterLog
from trimtab_stages.store import LocalStore

DAY_NS = 86_400 * 10**9
REST_NS = REST_SECONDS * 10**9
MOST_BYTES = 1 << 20


def plan_of(flush_seconds: int) -> ServingPlan:
    entry = PlanVersion(digest=f"sha256:{'0' * 64}", key="k")
    return ServingPlan(model="m", versions=[entry], flush_seconds=flush_seconds)


@dataclass
class Process:
    """A process whose clock stands still unless it is told."""

    store: LocalStore
    plan: ServingPlan | None = field(default_factory=lambda: plan_of(10))
    now_ns: int = 5
    box: Outbox = field(init=False)
    log: WriterLog = field(init=False)
    naming: Naming = field(init=False)
    is_started: bool = True

    def __post_init__(self) -> None:
        self.box = Outbox(lambda: self.store, MOST_BYTES)
        self.naming = Naming("pod", 1)
        self.log = WriterLog(self.naming, self.box, lambda: self.plan, lambda: self.now_ns)
        if self.is_started:
            self.box.start()

    def answer(self) -> None:
        self.log.note()

    def write(self) -> None:
        """Flush with something to write."""
        self.offer(1)
        self.log.flushed()
        self.log.restate()

    def drop(self) -> None:
        """Flush with more to write than there is room for."""
        self.offer(MOST_BYTES + 1)
        self.log.flushed()
        self.log.restate()

    def offer(self, size: int, kind: str = "decisions") -> None:
        key = f"{kind}/{self.naming.next(kind)}"
        self.box.offer(Outgoing(kind, key, lambda: b"x", size))

    def look(self) -> None:
        """Flush with nothing to write, once what was offered is in the store."""
        wait_until(lambda: not self.box.waiting_bytes, 10.0)
        self.log.flushed()

    def idle(self) -> None:
        """Flush with nothing to write, a while after what came last."""
        self.now_ns += REST_NS
        self.look()

    def pause(self) -> None:
        self.now_ns += REST_NS - 1

    def later(self) -> None:
        """A second goes by."""
        self.log.restate()

    def end(self) -> None:
        self.log.rest()

    def next_day(self) -> None:
        self.now_ns += DAY_NS

    def flush_seldom(self) -> None:
        self.plan = plan_of(300)


def said(process: Process) -> list[WriterState]:
    process.box.close(10.0)
    keys = sorted(entry.key for entry in process.store.list("serving/m/writers/"))
    return [WriterState.from_bytes(process.store.get(key)) for key in keys]


Act = Callable[[Process], None]
ANSWER, WRITE, IDLE, END = Process.answer, Process.write, Process.idle, Process.end
DAY, SELDOM, LOOK, LATER = Process.next_day, Process.flush_seldom, Process.look, Process.later
DROP, PAUSE = Process.drop, Process.pause


@pytest.mark.parametrize(
    ("acts", "unwritten"),
    [
        pytest.param([], [], id="nothing came"),
        pytest.param([WRITE, END], [], id="nothing was noted"),
        pytest.param([ANSWER], [True], id="killed before the first flush"),
        pytest.param([ANSWER, ANSWER, WRITE, ANSWER, WRITE], [True], id="killed in steady traffic"),
        pytest.param([ANSWER, WRITE, END], [True, False], id="an orderly end"),
        pytest.param([ANSWER, WRITE, END, END], [True, False], id="said once"),
        pytest.param([ANSWER, WRITE, END, ANSWER], [True, False, True], id="a row in the drain"),
        pytest.param(
            [ANSWER, WRITE, DAY, WRITE, WRITE, DAY, WRITE], [True] * 3, id="every day again"
        ),
        pytest.param(
            [ANSWER, SELDOM, LATER, LATER, WRITE],
            [True] * 2,
            id="another time between flushes",
        ),
        pytest.param([ANSWER, WRITE, END, DAY, LATER], [True, False], id="at rest"),
        pytest.param([ANSWER, WRITE, LOOK, LOOK], [True], id="a flush finds nothing yet"),
        pytest.param([ANSWER, WRITE, IDLE, IDLE], [True, False], id="idle, said once"),
        pytest.param([ANSWER, WRITE, PAUSE, LOOK] * 9, [True], id="rows seldom"),
        pytest.param(
            [ANSWER, LOOK, IDLE, ANSWER, LOOK], [True, False, True], id="rows that give nothing"
        ),
        pytest.param([ANSWER, DROP, IDLE, END], [True], id="idle after a loss that nothing shows"),
        pytest.param([ANSWER, DROP, END], [True], id="a lossy end"),
        pytest.param([ANSWER, DROP, WRITE, END], [True, False], id="a loss that a hole shows"),
    ],
)
def test_what_is_said(tmp_path: Path, acts: list[Act], unwritten: list[bool]) -> None:
    process = Process(LocalStore(tmp_path))
    for act in acts:
        act(process)
    states = said(process)
    assert [state.unwritten for state in states] == unwritten
    assert {state.model for state in states} <= {"m"}


def test_what_still_waits_for_the_store_is_unwritten(tmp_path: Path) -> None:
    process = Process(LocalStore(tmp_path))
    process.box.close(10.0)
    process.answer()
    process.write()
    process.now_ns += REST_NS
    process.log.flushed()
    assert process.naming.next("writer").endswith("-00000001"), "its objects wait"


def test_that_something_is_unwritten_is_said_once_there_is_room(tmp_path: Path) -> None:
    process = Process(LocalStore(tmp_path), is_started=False)
    process.offer(MOST_BYTES, "captured")
    process.answer()
    process.box.start()
    wait_until(lambda: not process.box.waiting_bytes, 10.0)
    process.later()
    process.later()
    process.write()
    process.end()
    states = said(process)
    assert [state.unwritten for state in states] == [True, False]
    assert process.naming.next("writer").endswith("-00000002"), "without a hole"


def test_that_nothing_is_unwritten_is_said_once_there_is_room(tmp_path: Path) -> None:
    process = Process(LocalStore(tmp_path), is_started=False)
    process.answer()
    process.offer(MOST_BYTES - process.box.waiting_bytes, "captured")
    process.end()
    process.box.start()
    process.idle()
    process.idle()
    assert [state.unwritten for state in said(process)] == [True, False]


def test_nothing_is_said_before_the_first_plan(tmp_path: Path) -> None:
    process = Process(LocalStore(tmp_path), plan=None)
    process.answer()
    process.plan = plan_of(7)
    process.later()
    (state,) = said(process)
    assert state == WriterState(model="m", at_ns=5, flush_seconds=7, unwritten=True)
