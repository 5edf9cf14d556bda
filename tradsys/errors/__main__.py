"""`python -m tradsys.errors`: the text of docs/errors.md."""

import sys

from tradsys.errors.documentation import documentation

sys.stdout.write(documentation())
