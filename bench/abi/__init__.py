"""The production kernel behind the public matching-engine benchmark's C interface, as a shared library."""
