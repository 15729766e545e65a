"""Building the cluster's programs, once per version: the cache is keyed by what pins them."""

import fcntl
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path

from localcluster import commands, packages, toolchain
from localcluster.progress import LaunchError, duration, say
from localcluster.settings import Settings
from localcluster.toolgroups import GROUPS, ToolGroup

_HEARTBEAT = 15.0


def ensure(settings: Settings, groups: Sequence[ToolGroup] = GROUPS) -> None:
    """Build what is not in the cache yet and point the stable links at it."""
    absent = unbuilt(settings, groups)
    if absent:
        packages.provide(packages.FOR_BUILD)
        go = toolchain.find_go(settings)
        say("build", f"{', '.join(group.name for group in absent)} (first time: 10-15 minutes)")
        _build_all(settings, go, absent)
    for group in groups:
        _link(settings, group)


def unbuilt(settings: Settings, groups: Sequence[ToolGroup] = GROUPS) -> list[ToolGroup]:
    """Return the groups whose programs are not in the cache."""
    return [group for group in groups if not home(settings, group).is_dir()]


def home(settings: Settings, group: ToolGroup) -> Path:
    """Return the folder of a group's programs, whether it exists or not."""
    return settings.cache / "tools" / f"{group.name}-{group.key()}"


def folder(settings: Settings, program: str) -> Path:
    """Return the folder that holds a program, which is built first if it is not there.

    Raises:
        LaunchError: No group builds such a program.
    """
    groups = [group for group in GROUPS if program in group.binaries]
    if not groups:
        known = ", ".join(sorted(name for group in GROUPS for name in group.binaries))
        raise LaunchError(f"{program} is no program of the cluster; there are {known}.")
    ensure(settings, groups)
    return home(settings, groups[0])


def _build_all(settings: Settings, go: str, groups: Sequence[ToolGroup]) -> None:
    progress: dict[str, int] = {}
    start = time.monotonic()
    # Two at a time: one group's linking is single-threaded and leaves cores to the other. Each
    # `go build` uses all cores by itself, so more would only cost memory.
    with ThreadPoolExecutor(max_workers=2) as pool:
        jobs = [pool.submit(_build, settings, go, group, progress) for group in groups]
        while wait(jobs, timeout=_HEARTBEAT).not_done:
            running = ", ".join(f"{name} {count} packages" for name, count in progress.items())
            say("build", f"{duration(time.monotonic() - start)}: {running or 'starting'}")
    for job in jobs:
        job.result()


def _build(settings: Settings, go: str, group: ToolGroup, progress: dict[str, int]) -> None:
    target = home(settings, group)
    with _lock(settings, group):
        # Another launcher may have built it while this one waited for the lock.
        if target.is_dir():
            return
        _drop_partial(settings, group)
        partial = target.with_name(f"{target.name}.partial-{os.getpid()}")
        partial.mkdir(parents=True)
        start = time.monotonic()
        progress[group.name] = 0
        try:
            _compile(go, group, partial, progress)
        finally:
            del progress[group.name]
        partial.rename(target)
    # At once: kubectl is of use before the last group is built.
    _link(settings, group)
    say("build", f"{group.name}: done in {duration(time.monotonic() - start)}")


def _compile(go: str, group: ToolGroup, target: Path, progress: dict[str, int]) -> None:
    # Several packages need a folder, and a folder needs its slash; one program may be renamed.
    output = f"{target}/{group.program}"
    args = [go, "build", "-v", *group.build_arguments(), "-o", output, *group.packages]
    lines: list[str] = []
    with subprocess.Popen(
        args,
        cwd=group.source,
        env={**os.environ, **_go_environment(group)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        for line in process.stderr or ():
            lines.append(line)
            progress[group.name] = len(lines)
    if process.returncode != 0:
        raise LaunchError(f"building {group.name} failed:\n{commands.tail(''.join(lines))}")


def _go_environment(group: ToolGroup) -> dict[str, str]:
    # Settings of the person who runs this must not change what is built.
    return {
        "CGO_ENABLED": "1" if group.cgo else "0",
        "GOFLAGS": "-mod=readonly",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
        # Go keeps its caches there, and services start without it.
        "HOME": str(Path.home()),
    }


def _drop_partial(settings: Settings, group: ToolGroup) -> None:
    for leftover in (settings.cache / "tools").glob(f"{group.name}-*.partial-*"):
        shutil.rmtree(leftover, ignore_errors=True)


def _link(settings: Settings, group: ToolGroup) -> None:
    settings.bin.mkdir(parents=True, exist_ok=True)
    for name in group.binaries:
        wanted = home(settings, group) / name
        link = settings.bin / name
        if link.is_symlink() and link.readlink() == wanted:
            continue
        # Replaced in one step, so that a program that is looked up meanwhile is always there.
        fresh = link.with_name(f".{name}.{os.getpid()}")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(wanted)
        fresh.replace(link)


@contextmanager
def _lock(settings: Settings, group: ToolGroup) -> Iterator[None]:
    folder = settings.cache / "tools"
    folder.mkdir(parents=True, exist_ok=True)
    # Held by the open file, so that the kernel frees it when this process is killed.
    with (folder / f"{group.name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
