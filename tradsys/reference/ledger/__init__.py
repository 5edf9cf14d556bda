"""The slow, obvious ledger that says what right means, from docs/ledger.md; the kernel is held against it."""
