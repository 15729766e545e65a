"""When each key is due: de-duplicated, rate-limited by kind, with backoff. Pure; time is given."""

import heapq
from dataclasses import dataclass, field
from random import Random


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """An object to reconcile."""

    kind: str
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Limits:
    """How fast keys are handed out.

    Attributes:
        per_second: keys of one kind per second, sustained.
        burst: keys of one kind at once.
        backoff_base: pause after the first failure, seconds; doubles with each further one.
        backoff_cap: longest pause, seconds.
        one_at_a_time: kinds of which only one key is at work at any time, because a decision
            about one rests on what was written about the others.
    """

    per_second: float = 20.0
    burst: int = 20
    backoff_base: float = 0.5
    backoff_cap: float = 120.0
    one_at_a_time: frozenset[str] = frozenset()


@dataclass(slots=True)
class Bucket:
    """Tokens of one kind."""

    tokens: float
    filled: float


@dataclass(slots=True)
class Schedule:
    """Keys by due time.

    A key is handed out to one worker at a time; what is added meanwhile waits until it is done.
    """

    limits: Limits
    random: Random
    _heap: list[tuple[float, int, Key]] = field(default_factory=list)
    _due: dict[Key, float] = field(default_factory=dict)
    _added: dict[Key, float] = field(default_factory=dict)
    _working: set[Key] = field(default_factory=set)
    _failures: dict[Key, int] = field(default_factory=dict)
    _buckets: dict[str, Bucket] = field(default_factory=dict)
    _held: dict[str, list[Key]] = field(default_factory=dict)
    _count: int = 0

    def add(self, key: Key, now: float, delay: float = 0.0) -> None:
        """Make a key due after `delay` seconds, or earlier if it was due earlier already."""
        due = now + delay
        if key not in self._due or due < self._due[key]:
            self._due[key] = due
            self._added[key] = due
            if key not in self._working:
                self._push(key, due)

    def take(self, now: float) -> Key | float | None:
        """Return a key to work on, else the seconds until one may be due, else None: empty."""
        while self._heap:
            due, _, key = self._heap[0]
            if self._due.get(key) != due or key in self._working:
                heapq.heappop(self._heap)
                continue
            if due > now:
                return due - now
            heapq.heappop(self._heap)
            if self._is_busy(key.kind):
                self._held.setdefault(key.kind, []).append(key)
                continue
            wait = self._wait_for_token(key.kind, now)
            if wait > 0:
                self._due[key] = now + wait
                self._push(key, now + wait)
                continue
            del self._due[key], self._added[key]
            self._working.add(key)
            return key
        return None

    def finish(self, key: Key) -> None:
        """Give back a key that was reconciled."""
        self._failures.pop(key, None)
        self._give_back(key)

    def fail(self, key: Key, now: float, at_least: float = 0.0) -> float:
        """Give back a key that failed; it is due after its backoff, which is returned.

        Args:
            key: the key.
            now: monotonic seconds.
            at_least: seconds that the other side asked to wait.
        """
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        delay = max(at_least, self._backoff(failures))
        # What was added meanwhile waits as well: the fault is the key's, not the event's.
        self._due.pop(key, None)
        self.add(key, now, delay)
        self._give_back(key)
        return delay

    def _give_back(self, key: Key) -> None:
        self._working.discard(key)
        if key in self._due:
            self._push(key, self._due[key])
        for held in self._held.pop(key.kind, ()):
            if held in self._due:
                self._push(held, self._due[held])

    def _is_busy(self, kind: str) -> bool:
        """Return whether a key of a kind of which one is enough is at work."""
        alone = kind in self.limits.one_at_a_time
        return alone and any(key.kind == kind for key in self._working)

    def depth(self, kind: str, now: float) -> int:
        """Return how many keys of a kind are due or at work."""
        due = sum(1 for key, when in self._due.items() if key.kind == kind and when <= now)
        return due + sum(1 for key in self._working if key.kind == kind)

    def oldest(self, now: float) -> float:
        """Return how long the key that waits longest has been due, seconds."""
        return max((now - added for added in self._added.values()), default=0.0)

    def _backoff(self, failures: int) -> float:
        longest: float = min(self.limits.backoff_cap, self.limits.backoff_base * 2.0**failures)
        return longest * self.random.uniform(0.5, 1.0)

    def _wait_for_token(self, kind: str, now: float) -> float:
        """Take a token and return 0, or return the seconds until there is one."""
        burst = float(self.limits.burst)
        bucket = self._buckets.setdefault(kind, Bucket(burst, now))
        bucket.tokens += (now - bucket.filled) * self.limits.per_second
        bucket.tokens = min(bucket.tokens, burst)
        bucket.filled = now
        if bucket.tokens >= 1:
            bucket.tokens -= 1
            return 0.0
        return (1 - bucket.tokens) / self.limits.per_second

    def _push(self, key: Key, due: float) -> None:
        self._count += 1
        heapq.heappush(self._heap, (due, self._count, key))
