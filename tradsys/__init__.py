"""TradSys: a complete trading venue for one host."""

__version__ = "0.1.0"
