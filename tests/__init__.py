"""The tests; their folders mirror the packages. They run the debug build, whose kernels keep their assertions."""

import os

os.environ.setdefault("TRADSYS_DEBUG", "1")
