"""The folder that a local run keeps everything in."""

import hashlib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from trimtab_operator import __version__
from trimtab_operator.cli.exits import Refusal
from trimtab_stages.contract.base import StoredModel
from trimtab_stages.store import Store, StoreError, open_store

HASH_CHARS = 12
NOT_IN_STAGES = "serve"
"""The server takes no part in a run; its code may change without running stages again."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """Store, specifications and logs of local runs.

    Attributes:
        folder: the work folder.
        storage: storage directory that the child processes are given.
    """

    folder: Path
    storage: Path

    def open_store(self) -> Store:
        """Open the store.

        Raises:
            Refusal: the storage directory describes none.
        """
        try:
            return open_store(self.storage)
        except StoreError as error:
            raise Refusal(error.reason, error.message) from error

    def write_spec(self, name: str, spec: StoredModel) -> Path:
        """Write what a child process is told and return the file."""
        path = self.folder / "specs" / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(spec.to_bytes())
        return path

    def log_file(self, name: str) -> Path:
        """Return the file that a child's log lines are kept in."""
        path = self.folder / "logs" / f"{name}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def copy_out(self, store: Store, key: str, name: str) -> Path:
        """Copy an object to where a person finds it, under a name that programs open.

        Raises:
            Refusal: the store does not give it.
        """
        path = self.folder / "out" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            store.get_file(key, path)
        except StoreError as error:
            raise Refusal(error.reason, error.message) from error
        return path

    @property
    def picture(self) -> Path:
        """The diagram of the newest run."""
        return self.folder / "loop.svg"


def open_workspace(folder: Path, storage: Path | None) -> Workspace:
    """Return the work folder, made where it is not there.

    Args:
        folder: the work folder.
        storage: storage directory of another store; without it files below the folder are used.

    Raises:
        Refusal: the folder cannot be written.
    """
    folder = folder.absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        own = storage is None
        if own:
            (folder / "store").mkdir(exist_ok=True)
            (folder / "storage").mkdir(exist_ok=True)
            (folder / "storage" / "path").write_text(str(folder / "store"), encoding="utf-8")
    except OSError as error:
        raise Refusal(
            "UnwritableFile", f"{folder} cannot be used: {error}; name another --workdir"
        ) from error
    return Workspace(folder, folder / "storage" if storage is None else storage.absolute())


def code_version() -> str:
    """Return the version of the stage code on this machine: release and hash of its files."""
    found = find_spec("trimtab_stages")
    root = Path(found.origin).parent if found and found.origin else Path()
    hasher = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        relative = path.relative_to(root)
        if relative.parts[0] != NOT_IN_STAGES:
            hasher.update(f"{relative.as_posix()}\0".encode())
            hasher.update(path.read_bytes())
    return f"{__version__}+{hasher.hexdigest()[:HASH_CHARS]}"
