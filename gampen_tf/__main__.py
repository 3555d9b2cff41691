"""The command line as ``python -m gampen_tf``, the same as ``gampen-tf``."""

import sys

from .cli import main

sys.exit(main())
