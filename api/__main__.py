"""`python -m api`: the `gobi` command."""

import sys

from api.cli.main import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
