"""The slow, obvious risk checks that say what right means, from docs/risk.md; the kernel is held against them."""
