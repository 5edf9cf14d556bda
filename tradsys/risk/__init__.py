"""What an order must pass before the book sees it, and what stops trading: docs/risk.md."""
