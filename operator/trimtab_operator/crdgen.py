"""`python -m trimtab_operator.crdgen [--check] [--out DIR]`: writes the generated files.

CRDs in `crds/`, their copies in the chart, and the catalogue of reasons. `--check` writes nothing
and fails where a file differs from what the models say.
"""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from trimtab_operator.crd.render import render_all

log = logging.getLogger(__name__)
MODULE = "trimtab_operator.crdgen"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check the generated files; return 1 where `--check` finds a difference."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    stale = [
        (options.out / path, text)
        for path, text in render_all().items()
        if _read(options.out / path) != text
    ]
    for target, text in stale:
        if options.check:
            log.error("%s is not what the models say; run `python -m %s`", target, MODULE)
        else:
            _write(target, text)
            log.info("wrote %s", target)
    return 1 if options.check and stale else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m {MODULE}", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail on differences")
    parser.add_argument("--out", type=Path, default=Path(), help="root of the repository")
    return parser


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
