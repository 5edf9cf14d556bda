"""The ledger's kernel: balances, holds, fees, positions. The rules are in docs/ledger.md."""
