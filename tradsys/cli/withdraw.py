"""`tradsys withdraw`: money that leaves the venue."""

from __future__ import annotations

from typing import Annotated

import typer

from tradsys.cli.common import DEFAULT_DIRECTORY, DataDirectory
from tradsys.cli.operator import AsJson, PostingId, amount_of, at_desk, new_posting_id, outside, post, tell


def withdraw(
    account: Annotated[str, typer.Argument(help="Whose money it is.")],
    amount: Annotated[str, typer.Argument(help='A decimal, such as "100.50".')],
    asset: Annotated[str, typer.Argument(help="The asset's name.")],
    posting_id: PostingId = None,
    target: Annotated[str | None, typer.Option("--outside", help="The account that it goes to.")] = None,
    data_dir: DataDirectory = DEFAULT_DIRECTORY,
    as_json: AsJson = False,
) -> None:
    """Take money out of an account of a running venue.

    Both steps at once: it is reserved with the posting's number and leaves with the next one. Called again with the
    same number after a failure in between, it finishes what was begun.
    """
    from tradsys.ledger.terms import PostingKind
    from workers.desk import RefusedError
    from workers.statement import account_named, asset_named

    with at_desk(data_dir) as desk:
        source, money = account_named(desk.memory, account), asset_named(desk.memory, asset)
        world, units = outside(desk, target), amount_of(amount, money)
        number = posting_id or new_posting_id()
        post(desk, PostingKind.RESERVE, number, source, source, money, units)
        try:
            post(desk, PostingKind.WITHDRAW, number + 1, source, world, money, units)
        except RefusedError:
            post(desk, PostingKind.RELEASE, number + 2, source, source, money, units)
            raise
        tell(desk, f"withdrew {money.text(units)} {money.name} from {source.name}", number, source, money, as_json)
