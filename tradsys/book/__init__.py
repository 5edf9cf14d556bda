"""The matching kernel: levels, orders, matching, auctions."""
