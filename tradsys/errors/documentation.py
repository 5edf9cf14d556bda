"""The page of error codes, made of the table."""

from __future__ import annotations

from tradsys.errors.table import entries

_HEAD = """\
# Error codes

<!-- Written by `python -m tradsys.errors > docs/errors.md`; a test keeps it current. -->

An error answer carries a `code` from this table, its `category`, a `message` for people, and where it applies the
`field` that is wrong. Codes and reason numbers never change their meaning; messages may be reworded. Status is HTTP's;
200 marks an outcome that execution reports carry and that is not a failure.

| Category | Whose turn it is |
| --- | --- |
| `validation` | yours: the same request gets the same answer |
| `business_rule` | yours, or time's: the market or the account does not allow it now |
| `security` | who sent it may not do that |
| `performance` | there was too much at once, or somebody was too slow: again, less of it, or later |
| `infrastructure` | the operator's: the venue or its host lacks something |
| `external_service` | the client library's word for a venue that it does not understand |
| `configuration` | the operator's: the venue cannot work as it is configured |
| `outcome` | nobody's |

| Code | Category | Status | Reason | Meaning |
| --- | --- | --- | --- | --- |
"""


def documentation() -> str:
    """The text of docs/errors.md."""
    rows = []
    for row in entries():
        reason = "" if row.reason is None else str(int(row.reason))
        rows.append(f"| `{row.code}` | {row.category} | {row.status} | {reason} | {row.sentence} |\n")
    return _HEAD + "".join(rows)
