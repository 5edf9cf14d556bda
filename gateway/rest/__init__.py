"""REST: one answer for each request, sent when the core has answered."""
