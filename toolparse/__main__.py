"""`python -m toolparse`: the same as the command `toolparse`."""

import sys

from toolparse.cli import main

if __name__ == "__main__":
    sys.exit(main())
