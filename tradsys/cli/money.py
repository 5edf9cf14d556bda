"""The tables that the commands about accounts and money show."""

from __future__ import annotations

from rich.table import Table

from tradsys.cli.tables import new_table
from workers.statement import AccountView, Statement

_STATUS_STYLES = {"active": "green", "cancel-only": "yellow", "frozen": "red"}


def accounts_table(accounts: list[AccountView]) -> Table:
    """What accounts are."""
    table = new_table("Accounts", "account", "number#", "kind", "status", "kyc", "fee class#", "group#", "kill switch")
    for each in accounts:
        table.add_row(
            each.name,
            str(each.number),
            each.kind,
            f"[{_STATUS_STYLES[each.status]}]{each.status}",
            each.kyc_status,
            str(each.fee_class),
            str(each.group or "-"),
            "[red]on" if each.kill_switch else "-",
        )
    return table


def balances_table(stated: Statement) -> Table:
    """What an account owns, by asset."""
    table = new_table("Balances", "asset", "available#", "held#", "of that reserved#")
    for each in stated.balances:
        table.add_row(each.asset, each.available, each.held, each.reserved)
    return table


def positions_table(stated: Statement) -> Table:
    """What an account has traded and has open, by symbol."""
    columns = ("quantity#", "average cost#", "realised#", "fees#", "turnover#", "orders#", "buying#", "selling#")
    table = new_table(f"Positions, with {stated.open_orders:,} open orders", "symbol", *columns)
    for each in stated.positions:
        table.add_row(
            each.symbol,
            each.quantity,
            each.average_cost or "-",
            each.realised,
            each.fees,
            each.turnover,
            str(each.open_orders),
            each.open_buy,
            each.open_sell,
        )
    return table
