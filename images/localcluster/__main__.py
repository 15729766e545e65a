"""The command line: ``python3 -m localcluster up|down|status|build-image|load-image``."""

import argparse
import os
import sys
from pathlib import Path

from localcluster import binaries, existing, images, killtest, lifecycle, prometheus, settings
from localcluster.existing import ExistingCluster
from localcluster.progress import LaunchError, say
from localcluster.settings import Settings

_PROGRAM = "program:"


def main() -> int:
    """Run one verb and return the exit code."""
    options = _parser().parse_args()
    where = settings.from_environment(os.environ)
    try:
        if options.verb == "prometheus":
            # It runs beside whatever cluster there is.
            prometheus.ensure(where)
            return 0
        cluster = existing.from_environment(os.environ)
        if cluster:
            return _run_existing(options, where, cluster)
        return _run_embedded(options, where)
    except LaunchError as error:
        sys.stderr.write(f"\nerror: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted; run the same again to go on from here\n")
        return 130


def _run_embedded(options: argparse.Namespace, where: Settings) -> int:
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
            context = _context(options, where)
            images.build(where, options.name, options.file, context, _arguments(options))
        case "load-image":
            images.load(where, options.what)
        case "image-name":
            sys.stdout.write(f"{images.full_name(options.name)}\n")
        case "kubeconfig":
            sys.stdout.write(f"{where.kubeconfig()}\n")
        case "kill-test":
            killtest.run(where)
        case _:
            raise LaunchError(f"unknown verb {options.verb}")
    return 0


def _run_existing(options: argparse.Namespace, where: Settings, cluster: ExistingCluster) -> int:
    match options.verb:
        case "up":
            existing.up(where, cluster)
        case "down":
            say("down", f"{cluster.context} was not started by this launcher: left alone")
        case "status":
            return 0 if existing.status(where, cluster) else 1
        case "build-image":
            file, context = options.file, _context(options, where)
            existing.build(where, cluster, options.name, file, context, _arguments(options))
        case "load-image":
            existing.push(where, existing.image_name(cluster, options.what))
        case "image-name":
            sys.stdout.write(f"{existing.image_name(cluster, options.name)}\n")
        case "kubeconfig":
            sys.stdout.write(f"{existing.kubeconfig_path(where)}\n")
        case _:
            raise LaunchError(f"`{options.verb}` is for the embedded cluster; unset KUBE_CONTEXT.")
    return 0


def _context(options: argparse.Namespace, where: Settings) -> Path:
    name = str(options.context).removeprefix(_PROGRAM)
    if name == str(options.context):
        return Path(name)
    return binaries.folder(where, name)


def _arguments(options: argparse.Namespace) -> dict[str, str]:
    pairs = [str(item).partition("=") for item in options.build_arg]
    return {key: value for key, _, value in pairs}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="localcluster", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    up = verbs.add_parser("up", help="make the cluster run, from any state")
    up.add_argument("--gpus", type=int, help="advertise this many nvidia.com/gpu; 0: none any more")
    down = verbs.add_parser("down", help="stop the cluster and restore the machine")
    down.add_argument("--purge", action="store_true", help="also delete images and data")
    verbs.add_parser("status", help="one line for each process and the node")
    verbs.add_parser("build", help="build the programs only")
    verbs.add_parser("prometheus", help="unpack Prometheus, which runs beside the cluster")
    image = verbs.add_parser("build-image", help="build a Dockerfile and load the image")
    image.add_argument("name", help="name[:tag]; localhost/ and :dev are added where missing")
    image.add_argument("--file", type=Path, required=True, help="the Dockerfile")
    image.add_argument(
        "--context",
        default=".",
        metavar="DIR|program:NAME",
        help="what COPY refers to; program:NAME is the folder of a program that `build` makes",
    )
    image.add_argument("--build-arg", action="append", default=[], metavar="KEY=VALUE")
    load = verbs.add_parser("load-image", help="load an archive or an image that was built")
    load.add_argument("what", metavar="ARCHIVE|NAME")
    name = verbs.add_parser("image-name", help="print the name that pods use for an image")
    name.add_argument("name")
    verbs.add_parser("kubeconfig", help="print the path of the kubeconfig")
    verbs.add_parser("kill-test", help="kill -9 each process in turn; up, and down and up")
    return parser


if __name__ == "__main__":
    sys.exit(main())
