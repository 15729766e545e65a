"""Crash markers: a version that killed the process is not loaded again by the next one.

They lie on the pod's emptyDir, which outlives the container but not the pod.
"""

from pathlib import Path


class CrashMarkers:
    """Marks of versions that are being loaded; one left by an earlier process means that it died.

    Attributes:
        crashed: digests whose load an earlier process did not survive.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self.crashed = frozenset(f"sha256:{path.name}" for path in directory.iterdir())

    def begin(self, digest: str) -> None:
        """Note that this process starts to load a version."""
        self._path(digest).touch()

    def end(self, digest: str) -> None:
        """Note that this process is alive after loading it."""
        self._path(digest).unlink(missing_ok=True)

    def _path(self, digest: str) -> Path:
        return self._directory / digest.removeprefix("sha256:")
