"""Recorded days of real markets: the orders that came in, and the executions that must come out."""
