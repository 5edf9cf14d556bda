"""The slow, obvious venue that says what right means; the kernel is held against it event for event."""
