"""`tradsys transfer`: money from one account of a venue to another."""

from __future__ import annotations

from typing import Annotated

import typer

from tradsys.cli.common import DEFAULT_DIRECTORY, DataDirectory
from tradsys.cli.operator import Amount, AsJson, AssetName, PostingId, at_desk, new_posting_id, post, tell


def transfer(
    source: Annotated[str, typer.Argument(metavar="FROM", help="Who gives it.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="Who gets it.")],
    amount: Amount,
    asset: AssetName,
    posting_id: PostingId = None,
    data_dir: DataDirectory = DEFAULT_DIRECTORY,
    as_json: AsJson = False,
) -> None:
    """Move money between accounts of a running venue."""
    from tradsys.ledger.terms import PostingKind
    from workers.statement import account_named, asset_named

    with at_desk(data_dir) as desk:
        giver, taker = account_named(desk.memory, source), account_named(desk.memory, target)
        money = asset_named(desk.memory, asset)
        units, number = money.parse(amount), posting_id or new_posting_id()
        moved = post(desk, PostingKind.TRANSFER, number, giver, taker, money, units)
        what = f"transferred {money.format(units)} {money.name} from {giver.name} to {taker.name}"
        tell(desk, what, moved, number, giver, money, as_json)
