"""Shared memory, atomics and lock-free rings. Knows nothing about trading."""
