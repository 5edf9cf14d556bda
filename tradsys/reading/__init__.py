"""Reading a ledger that another process keeps: what the gateways and the command line both show of it."""
