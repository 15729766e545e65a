"""`python -m trimtab_stages`: the entry point of ingest and training pods."""

import sys

from trimtab_stages.runtime.entry import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
