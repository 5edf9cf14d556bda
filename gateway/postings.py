"""Deposits, withdrawals, transfers and corrections: a client's request becomes a posting, a record for the ledger."""

from __future__ import annotations

from typing import Any

from gateway import messages
from gateway.accounts import Accounts
from gateway.ledger import LedgerReader
from gateway.ledger_messages import CorrectionBody, PostingBody
from gateway.messages import Identifier
from gateway.withdrawals import RESERVED, Withdrawal, Withdrawals
from tradsys import posting_ids
from tradsys.errors import error
from tradsys.ledger.terms import AccountKind, PostingKind
from tradsys.records import Kind, details
from tradsys.symbols import Account


class Postings:
    """Makes the records for order entry; who may ask for which is the caller's business. All raise TradingError."""

    def __init__(self, accounts: Accounts, ledger: LedgerReader, withdrawals: Withdrawals) -> None:
        self._accounts = accounts
        self._ledger = ledger
        self._withdrawals = withdrawals

    def deposit(self, body: PostingBody) -> Any:
        """From outside to an account."""
        outside = self._accounts.first(AccountKind.OUTSIDE)
        target = self._accounts.named(body.account)
        return self._post(PostingKind.DEPOSIT, posting_id(body.id), outside.id, target.id, body.asset, body.amount)

    def reserve(self, body: PostingBody) -> Any:
        """The first step of a withdrawal."""
        account = self._accounts.named(body.account).id
        return self._post(PostingKind.RESERVE, posting_id(body.id), account, account, body.asset, body.amount)

    def end(self, withdrawal: Withdrawal, *, settle: bool) -> Any:
        """The second step: what is reserved leaves, or is available again."""
        if withdrawal.status is not RESERVED:
            raise error("withdrawal_ended", f"the withdrawal is {withdrawal.status}", status=withdrawal.status)
        target = self._accounts.first(AccountKind.OUTSIDE).id if settle else withdrawal.account
        return details(
            Kind.POSTING,
            posting_kind=PostingKind.WITHDRAW if settle else PostingKind.RELEASE,
            number=posting_ids.of_end(withdrawal.id, withdrawal.refusals),
            account=withdrawal.account,
            target=target,
            asset=withdrawal.asset,
            amount=withdrawal.amount,
            reference=withdrawal.id,
        )

    def transfer(self, account: Account, body: PostingBody) -> Any:
        """From an account to another, asked for by the first: its ids are its own."""
        number = posting_ids.of_transfer(account.name, messages.identifier(body.id, "id"))
        target = self._accounts.named(body.account)
        return self._post(PostingKind.TRANSFER, number, account.id, target.id, body.asset, body.amount)

    def correct(self, body: CorrectionBody) -> Any:
        """From any account to any other."""
        source, target = self._accounts.named(body.source), self._accounts.named(body.target)
        number = posting_id(body.id)
        return self._post(PostingKind.CORRECTION, number, source.id, target.id, body.asset, body.amount)

    def withdrawal(self, id: Identifier) -> Withdrawal:
        """The withdrawal with this id. Raises BusinessRuleError."""
        withdrawal = self._withdrawals.get(posting_id(id))
        if withdrawal is None:
            raise error("unknown_withdrawal")
        return withdrawal

    def _post(self, kind: PostingKind, number: int, source: int, target: int, asset_name: str, text: str) -> Any:
        asset = self._ledger.asset(asset_name)
        return details(
            Kind.POSTING,
            posting_kind=kind,
            number=number,
            account=source,
            target=target,
            asset=asset.id,
            amount=asset.parse(text),
        )


def posting_id(id: Identifier) -> int:
    """The id of an administrator's posting. Raises ValidationError."""
    return messages.whole_number(id, "id", 1, posting_ids.ID_MAX)
