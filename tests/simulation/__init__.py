"""Deterministic simulation: a whole venue under one seed, with crashes, losses of power, and impatient clients."""
