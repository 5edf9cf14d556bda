"""The process that watches a venue and its host, and tells metrics: see docs/monitoring.md."""
