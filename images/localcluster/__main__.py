"""The command line: ``python3 -m localcluster up|down|status|build-image|load-image``."""

import argparse
import os
import sys
from pathlib import Path

from localcluster import binaries, images, killtest, lifecycle, settings
from localcluster.progress import LaunchError


def main() -> int:
    """Run one verb and return the exit code."""
    options = _parser().parse_args()
    where = settings.from_environment(os.environ)
    try:
        return _run(options, where)
    except LaunchError as error:
        sys.stderr.write(f"\nerror: {error}\n")
        return 1


def _run(options: argparse.Namespace, where: settings.Settings) -> int:
    match options.verb:
        case "up":
            lifecycle.up(where, options.gpus)
        case "down":
            lifecycle.down(where, purge=options.purge)
        case "status":
            return 0 if lifecycle.status(where) else 1
        case "build":
            binaries.ensure(where)
        case "build-image":
            arguments = dict(item.split("=", 1) for item in options.build_arg)
            images.build(where, options.name, options.file, options.context, arguments)
        case "load-image":
            images.load(where, options.what)
        case "kill-test":
            killtest.run(where)
        case _:
            raise LaunchError(f"unknown verb {options.verb}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="localcluster", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    up = verbs.add_parser("up", help="make the cluster run, from any state")
    up.add_argument("--gpus", type=int, help="advertise this many nvidia.com/gpu")
    down = verbs.add_parser("down", help="stop the cluster and restore the machine")
    down.add_argument("--purge", action="store_true", help="also delete images and data")
    verbs.add_parser("status", help="one line for each process and the node")
    verbs.add_parser("build", help="build the programs only")
    image = verbs.add_parser("build-image", help="build a Dockerfile and load the image")
    image.add_argument("name", help="name[:tag]; localhost/ and :dev are added where missing")
    image.add_argument("--file", type=Path, required=True, help="the Dockerfile")
    image.add_argument("--context", type=Path, default=Path(), help="what COPY refers to")
    image.add_argument("--build-arg", action="append", default=[], metavar="KEY=VALUE")
    verbs.add_parser("kill-test", help="kill -9 each process in turn and repair")
    load = verbs.add_parser("load-image", help="load an archive or an image that was built")
    load.add_argument("what", metavar="ARCHIVE|NAME")
    return parser


if __name__ == "__main__":
    sys.exit(main())
