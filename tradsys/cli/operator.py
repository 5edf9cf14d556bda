"""What the commands share that act on a running venue: a desk at it, and how they say what became of a posting."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradsys.cli.common import attached, friendly_errors, print_json
from tradsys.errors import OperatingError, ValidationError
from tradsys.posting_ids import ID_MAX
from tradsys.words import word

if TYPE_CHECKING:
    from tradsys.assets import Asset
    from tradsys.ledger.terms import PostingKind
    from workers.administration.desk import AdministrationDesk
    from workers.desk import Desk
    from workers.statement import AccountView

AsJson = Annotated[bool, typer.Option("--json", help="One line of JSON instead of text.")]
Amount = Annotated[str, typer.Argument(help='A decimal, such as "100.50".')]
AssetName = Annotated[str, typer.Argument(help="The asset's name.")]
PostingId = Annotated[
    int | None,
    typer.Option(
        "--id",
        min=1,
        max=ID_MAX,
        help="The posting's number: the same one again does nothing twice. A new one if not given.",
        show_default=False,
    ),
]


class AmbiguousError(OperatingError, ValidationError):
    """What was left out cannot be guessed."""

    CODE = "ambiguous_request"


@contextmanager
def at_desk(data_dir: Path) -> Iterator[AdministrationDesk]:
    """A desk at the venue that runs in this directory. What goes wrong becomes an exit status 1 and a message."""
    from workers.administration.desk import AdministrationDesk
    from workers.administration.person import person_on_the_host

    with (
        friendly_errors(),
        attached(data_dir) as (venue, memory),
        AdministrationDesk(venue, memory, person_on_the_host()) as desk,
    ):
        yield desk


def those_given(options: Mapping[str, int | None]) -> dict[str, int]:
    """Of the options of a command that changes something those that were given, by their names in Python."""
    given = {name: value for name, value in options.items() if value is not None}
    if not given:
        named = ", ".join(f"--{name.replace('_', '-')}" for name in options)
        raise typer.BadParameter(f"say what is to change: {named}")
    return given


def new_posting_id() -> int:
    """A number that no posting has had: the time in ns."""
    return time.time_ns()


def outside(desk: Desk, name: str | None) -> AccountView:
    """The account of that name, or if None the one that stands for the world outside. Raises AmbiguousError."""
    from workers.statement import account_named, accounts

    if name is not None:
        return account_named(desk.memory, name)
    found = [account for account in accounts(desk.memory) if account.kind == "outside"]
    if not found:
        raise AmbiguousError(
            "the venue has no account for the world outside; open one with: tradsys account open world --kind outside"
        )
    if len(found) > 1:
        names = ", ".join(account.name for account in found)
        raise AmbiguousError(
            f"the venue has several accounts for the world outside ({names}): say which with --outside"
        )
    return found[0]


def post(
    desk: AdministrationDesk,
    kind: PostingKind,
    number: int,
    source: AccountView,
    target: AccountView,
    asset: Asset,
    amount: int,
    *,
    reference: int = 0,
) -> bool:
    """Move an amount, once for each `number`; see tradsys.posting_ids. False when the number had been used before.

    `reference`: the withdrawal that the posting ends. Raises RefusedError, NoAnswerError.
    """
    from tradsys.records import Kind, details

    is_new = not bool((desk.memory.ledger.posted["key"] == number).any())
    record = details(
        Kind.POSTING,
        posting_kind=kind,
        number=number,
        account=source.number,
        target=target.number,
        asset=asset.id,
        amount=amount,
        reference=reference,
    )
    told = {"id": str(number), "from": source.name, "to": target.name, "asset": asset.name}
    desk.act(f"posting.{word(kind)}", source.name, record, after=told | {"amount": asset.format(amount)})
    return is_new


def tell(desk: Desk, what: str, moved: bool, number: int, account: AccountView, asset: Asset, as_json: bool) -> None:
    """Say that a posting stands, whether it moved anything, and what the account owns of the asset now."""
    from workers.statement import statement

    now = [balance for balance in statement(desk.memory, account).balances if balance.asset == asset.name]
    if as_json:
        import msgspec

        facts: dict[str, Any] = {"id": number, "moved": moved, "account": account.name, "asset": asset.name}
        facts["balance"] = now[0] if now else None
        print_json(msgspec.json.encode(facts))
        return
    owned = f"{now[0].available} available, {now[0].held} held" if now else "nothing"
    done = f"{what} (id {number})" if moved else f"nothing moved: a posting with the id {number} was sent before"
    typer.echo(f"{done}; {account.name} now has {owned} of {asset.name}")
