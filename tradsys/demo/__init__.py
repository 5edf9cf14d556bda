"""Simulated traders that make a market: ordinary clients of a venue, repeatable from a seed."""
