"""`tradsys withdraw`: money that leaves the venue."""

from __future__ import annotations

from typing import Annotated

import typer

from tradsys.cli.common import DEFAULT_DIRECTORY, DataDirectory
from tradsys.cli.operator import Amount, AsJson, AssetName, PostingId, at_desk, new_posting_id, outside, post, tell


def withdraw(
    account: Annotated[str, typer.Argument(help="Whose money it is.")],
    amount: Amount,
    asset: AssetName,
    posting_id: PostingId = None,
    target: Annotated[str | None, typer.Option("--outside", help="The account that it goes to.")] = None,
    data_dir: DataDirectory = DEFAULT_DIRECTORY,
    as_json: AsJson = False,
) -> None:
    """Take money out of an account of a running venue.

    Both steps at once: it is reserved, and leaves. Called again with the same id after a failure in between, it
    finishes what was begun.
    """
    from tradsys.ledger.terms import PostingKind
    from tradsys.posting_ids import of_end
    from workers.desk import RefusedError
    from workers.statement import account_named, asset_named

    with at_desk(data_dir) as desk:
        source, money = account_named(desk.memory, account), asset_named(desk.memory, asset)
        world, units = outside(desk, target), money.parse(amount)
        number = posting_id or new_posting_id()
        post(desk, PostingKind.RESERVE, number, source, source, money, units)
        try:
            moved = post(desk, PostingKind.WITHDRAW, of_end(number, 0), source, world, money, units, reference=number)
        except RefusedError:
            post(desk, PostingKind.RELEASE, of_end(number, 1), source, source, money, units, reference=number)
            raise
        what = f"withdrew {money.format(units)} {money.name} from {source.name}"
        tell(desk, what, moved, number, source, money, as_json)
