"""The recorder: what happened, as rows of an SQL database. One more reader of the log, from the journal on disk."""
