"""`tradsys deposit`: money that comes in from outside."""

from __future__ import annotations

from typing import Annotated

import typer

from tradsys.cli.common import DEFAULT_DIRECTORY, DataDirectory
from tradsys.cli.operator import Amount, AsJson, AssetName, PostingId, at_desk, new_posting_id, outside, post, tell


def deposit(
    account: Annotated[str, typer.Argument(help="Who gets it.")],
    amount: Amount,
    asset: AssetName,
    posting_id: PostingId = None,
    source: Annotated[str | None, typer.Option("--outside", help="The account that it comes from.")] = None,
    data_dir: DataDirectory = DEFAULT_DIRECTORY,
    as_json: AsJson = False,
) -> None:
    """Put money into an account of a running venue."""
    from tradsys.ledger.terms import PostingKind
    from workers.statement import account_named, asset_named

    with at_desk(data_dir) as desk:
        target, money = account_named(desk.memory, account), asset_named(desk.memory, asset)
        number, units, world = posting_id or new_posting_id(), money.parse(amount), outside(desk, source)
        moved = post(desk, PostingKind.DEPOSIT, number, world, target, money, units)
        what = f"deposited {money.format(units)} {money.name} to {target.name}"
        tell(desk, what, moved, number, target, money, as_json)
