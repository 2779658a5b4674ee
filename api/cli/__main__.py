"""`python -m api.cli`: the same as `pincite`."""

import sys

from api.cli import main

sys.exit(main())
