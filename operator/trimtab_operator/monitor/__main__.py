"""The monitor's process: `python -m trimtab_operator.monitor --settings FILE`."""

import argparse
import asyncio
import logging
import os
import sys
from pathlib import Path

from trimtab_operator.errors import InvalidSettings, LeaseLost, NotAuthenticated
from trimtab_operator.monitor.process import run_monitor
from trimtab_operator.monitor.settings import MonitorSettings
from trimtab_operator.settings import read_file
from trimtab_operator.telemetry.logs import configure_logging

logger = logging.getLogger(__name__)

LOST = 3
"""Exit status after the Lease or the login was lost: the next start tries again."""


def main() -> int:
    """Run the monitor until it is told to stop; returns the exit status."""
    parser = argparse.ArgumentParser(prog="trimtab_operator.monitor", description=__doc__)
    parser.add_argument("--settings", type=Path, required=True, help="YAML file of the release")
    arguments = parser.parse_args()
    configure_logging()
    try:
        asyncio.run(run_monitor(read_file(arguments.settings, MonitorSettings), os.environ))
    except InvalidSettings as error:
        logger.critical("invalid settings", extra={"cause": str(error)})
        return 2
    except (LeaseLost, NotAuthenticated) as error:
        logger.critical("stopped", extra={"cause": str(error)})
        return LOST
    except Exception:
        logger.exception("stopped by a fault of the program")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
