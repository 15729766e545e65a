"""Entry of the server image: `python -m trimtab_stages.serve --plan ... --storage ...`."""

import logging
import os
import sys
from functools import partial

import uvloop

from trimtab_stages.serve.server import run_server
from trimtab_stages.serve.settings import read_settings
from trimtab_stages.store import StoreError, open_store

LOG = logging.getLogger("trimtab_stages.serve")


def main() -> int:
    """Run the server; returns the process's exit code."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    settings = read_settings(sys.argv[1:], os.environ)
    try:
        open_store(settings.storage)
    except StoreError as error:
        LOG.error("%s", error)  # noqa: TRY400 - the message says it all
        return 1
    uvloop.run(run_server(settings, partial(open_store, settings.storage)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
