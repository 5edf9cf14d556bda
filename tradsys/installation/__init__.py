"""Making a service of the host out of an installed TradSys, and taking it away again."""
