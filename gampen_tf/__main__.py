"""``python -m gampen_tf`` is ``gampen-tf``."""

import sys

from .cli import main

sys.exit(main())
