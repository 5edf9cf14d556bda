"""Keys and users that administrators add, and what happens to those that are taken away."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import ClientSession, WSMsgType

from gateway.accounts import Accounts
from gateway.auth.keys import Keys
from tests.gateway.harness import DEADLINE_SECONDS, Harness, ask, configuration, socket
from tests.gateway.money import Callers, callers, code
from tests.gateway.test_rest import Caller
from tradsys.configuration.money import Role
from tradsys.configuration.secrets import fingerprint
from tradsys.errors import TradingError
from workers.administration import trail
from workers.administration.access import FILE, Access, AccessError, AccessFile, Key, User, with_roles, with_user
from workers.codes import code_of

ORDER = {"symbol": "ACME", "side": "buy", "price": "100.00", "quantity": "1"}


def caller_with(all: Callers, session: ClientSession, secret: str, account: str | None = None) -> Caller:
    return Caller(session, all.harness.url, secret, account)


async def test_a_new_key_opens_at_once_and_only_its_fingerprint_is_kept() -> None:
    async with callers() as all, ClientSession() as session:
        made = await all.post(all.clerk, "/admin/keys", account="alice")
        newcomer = caller_with(all, session, made["secret"])
        assert (await newcomer("GET", "/v1/balances"))[1]["account"] == "alice"
        listed = (await all.clerk("GET", "/admin/keys"))[1]["keys"]
        assert listed == [
            {"key": fingerprint(made["secret"])[:19], "account": "alice", "created": listed[0]["created"]}
        ]
        kept = all.harness.directory / FILE
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        for file in (kept, all.harness.directory / trail.FILE):
            assert made["secret"] not in file.read_text()


async def test_a_revoked_key_is_refused_and_its_sockets_are_closed() -> None:
    async with callers() as all, ClientSession() as session:
        made = await all.post(all.clerk, "/admin/keys", account="alice")
        async with (
            socket(all.harness, made["secret"]) as lost,
            socket(all.harness) as late,
            socket(all.harness, "alice-key") as kept,
        ):
            await late.send_json({"op": "auth", "key": made["secret"], "id": 1})
            assert (await late.receive_json(timeout=DEADLINE_SECONDS))["ok"]
            assert (await all.clerk("DELETE", f"/admin/keys/{made['key']}"))[0] == 200
            for closed in (lost, late):
                message = await closed.receive(timeout=DEADLINE_SECONDS)
                assert (message.type, message.data, message.extra) == (WSMsgType.CLOSE, 1008, "unauthenticated")
            await kept.send_json({"op": "ping", "id": 2})
            assert (await kept.receive_json(timeout=DEADLINE_SECONDS))["ok"]
        assert code(await caller_with(all, session, made["secret"])("GET", "/orders")) == (401, "unauthenticated")
        assert code(await all.clerk("DELETE", f"/admin/keys/{made['key']}")) == (404, "unknown_key")
        acts = [(line.act, line.target) for line in trail.lines(all.harness.directory)]
        assert acts == [("key.add", "alice"), ("key.revoke", "alice")]


async def test_a_key_that_another_process_adds_or_takes_away_is_noticed() -> None:
    async with callers() as all, ClientSession() as session:
        file = AccessFile(all.harness.directory)
        key = Key(fingerprint("from-elsewhere"), account="bob", roles=["risk_officer"])
        file.change(lambda now: Access(keys=[key]))
        all.harness.edge.expire()  # the gateway's timer
        newcomer = caller_with(all, session, "from-elsewhere")
        assert (await newcomer("GET", "/v1/kill"))[0] == 200
        assert (await newcomer("GET", "/v1/balances"))[1]["account"] == "bob"
        async with socket(all.harness, "from-elsewhere") as opened:
            file.change(lambda now: Access())
            all.harness.edge.expire()
            assert (await opened.receive(timeout=DEADLINE_SECONDS)).type == WSMsgType.CLOSE


async def test_a_users_key_acts_for_each_of_the_users_accounts() -> None:
    async with callers() as all, ClientSession() as session:
        let_clerk_be(all, "administrator", "risk_officer")
        body: dict[str, Any] = {"accounts": ["alice", "bob"], "roles": ["risk_officer"]}
        assert (await all.clerk("PUT", "/admin/users/uma", json=body))[0] == 200
        made = await all.post(all.clerk, "/admin/keys", user="uma")
        uma = caller_with(all, session, made["secret"])
        assert (await uma("GET", "/v1/balances"))[1]["account"] == "alice"
        for name in ("alice", "bob"):
            status, told = await caller_with(all, session, made["secret"], name)("GET", "/v1/balances")
            assert (status, told["account"]) == (200, name)
        async with socket(all.harness) as opened:
            assert await ask(opened, op="auth", key=made["secret"], account="bob") == {
                "ok": True,
                "result": {"account": "bob"},
            }
        stranger = caller_with(all, session, made["secret"], "clerk")
        assert code(await stranger("GET", "/v1/balances")) == (403, "role_required")
        await uma("POST", "/v1/kill", json={"scope": "venue", "on": False})
        last = list(trail.lines(all.harness.directory))[-1]
        assert (last.by.user, last.by.account, last.act) == ("uma", "alice", "kill.off")
        assert (await all.clerk("GET", "/admin/users"))[1]["users"] == [{"name": "uma"} | body]
        assert (await all.clerk("DELETE", "/admin/users/uma"))[0] == 200
        assert code(await uma("GET", "/v1/balances")) == (401, "unauthenticated")
        assert (await all.clerk("GET", "/admin/keys"))[1]["keys"] == []


def let_clerk_be(all: Callers, *roles: Role) -> None:
    """What a command on the host does."""
    AccessFile(all.harness.directory).change(lambda now: with_roles(now, "clerk", list(roles)))
    all.harness.edge.expire()  # the gateway's timer


async def test_nobody_gives_a_role_that_he_does_not_have() -> None:
    async with callers() as all:
        kept = AccessFile(all.harness.directory)
        uma = User("uma", ["alice"], ["risk_officer"])
        kept.change(lambda now: with_user(now, uma))
        for method, path, body in (
            ("POST", "/admin/keys", {"account": "alice", "roles": ["risk_officer"]}),
            ("POST", "/admin/keys", {"account": "officer"}),
            ("POST", "/admin/keys", {"user": "uma"}),
            ("PUT", "/admin/users/ned", {"accounts": ["bob"], "roles": ["administrator", "risk_officer"]}),
            ("PUT", "/admin/accounts/clerk/roles", {"roles": ["administrator", "risk_officer"]}),
            ("POST", "/admin/import", {"yaml": "accounts: [{name: bob, roles: [risk_officer]}]"}),
            ("POST", "/admin/import", {"yaml": "accounts: [{name: bob, roles: [risk_officer]}]", "dry_run": True}),
        ):
            assert code(await all.clerk(method, path, json=body)) == (403, "role_required"), (path, body)
        assert kept.read() == Access(users=[uma])
        refused = [(line.act, line.result) for line in trail.lines(all.harness.directory)]
        acts = ["key.add", "key.add", "key.add", "user.set", "account.roles"]
        assert refused == [(act, "role_required") for act in acts]


async def test_roles_that_somebody_has_may_stay_and_be_taken_away() -> None:
    async with callers() as all:
        AccessFile(all.harness.directory).change(lambda now: with_user(now, User("uma", ["alice"], ["risk_officer"])))
        body: dict[str, Any] = {"accounts": ["bob"], "roles": ["risk_officer"]}
        assert (await all.clerk("PUT", "/admin/users/uma", json=body))[0] == 200
        assert (await all.clerk("PUT", "/admin/users/uma", json=body | {"roles": []}))[0] == 200
        assert code(await all.clerk("PUT", "/admin/users/uma", json=body)) == (403, "role_required")
        assert (await all.clerk("PUT", "/admin/accounts/officer/roles", json={"roles": []}))[0] == 200
        assert code(await all.clerk("PUT", "/admin/accounts/officer/roles", json={"roles": None})) == (
            403,
            "role_required",
        )
        let_clerk_be(all, "administrator", "risk_officer")
        assert (await all.clerk("PUT", "/admin/accounts/officer/roles", json={"roles": None}))[1] == {
            "name": "officer",
            "roles": ["risk_officer"],
        }


async def test_roles_of_an_account_count_at_once_whatever_the_configuration_says() -> None:
    async with callers() as all:
        given = {"roles": ["administrator"]}
        assert (await all.clerk("PUT", "/admin/accounts/bob/roles", json=given))[1] == {"name": "bob"} | given
        assert (await all.bob("GET", "/admin/accounts/bob"))[1]["roles"] == ["administrator"]
        all.harness.edge.configure(all.harness.configuration)  # which is read again
        assert (await all.bob("PUT", "/admin/accounts/clerk/roles", json={"roles": []}))[0] == 200
        assert code(await all.clerk("GET", "/admin/keys")) == (403, "role_required")
        assert (await all.bob("PUT", "/admin/accounts/clerk/roles", json={"roles": None}))[0] == 200
        assert (await all.clerk("GET", "/admin/keys"))[0] == 200
        lines = [(line.target, line.before, line.after) for line in trail.lines(all.harness.directory)]
        assert lines == [
            ("bob", [], ["administrator"]),
            ("clerk", ["administrator"], []),
            ("clerk", [], ["administrator"]),
        ]
        for body, refusal in (({}, "missing_field"), ({"roles": ["king"]}, "invalid_field")):
            assert code(await all.clerk("PUT", "/admin/accounts/bob/roles", json=body)) == (400, refusal)
        assert code(await all.clerk("PUT", "/admin/accounts/no/roles", json=given)) == (404, "unknown_account")
        assert code(await all.officer("PUT", "/admin/accounts/bob/roles", json=given)) == (403, "role_required")


async def test_who_loses_a_role_loses_the_sockets_that_had_it() -> None:
    async with (
        callers() as all,
        socket(all.harness, "officer-key") as lost,
        socket(all.harness, "alice-key") as kept,
    ):
        assert (await all.clerk("PUT", "/admin/accounts/officer/roles", json={"roles": []}))[0] == 200
        assert (await lost.receive(timeout=DEADLINE_SECONDS)).type == WSMsgType.CLOSE
        assert (await all.clerk("PUT", "/admin/accounts/alice/roles", json={"roles": ["administrator"]}))[0] == 200
        assert (await ask(kept, op="ping"))["ok"]


async def test_what_makes_no_sense_is_refused() -> None:
    async with callers() as all:
        past = (datetime.now(UTC) - timedelta(days=1)).isoformat()
        for body, refusal in (
            ({}, (400, "invalid_field")),
            ({"account": "alice", "user": "uma"}, (400, "invalid_field")),
            ({"account": "nobody"}, (404, "unknown_account")),
            ({"user": "nobody"}, (404, "unknown_user")),
            ({"account": "alice", "expires": past}, (400, "invalid_field")),
            ({"account": "alice", "expires": "soon"}, (400, "invalid_field")),
            ({"account": "alice", "roles": ["king"]}, (400, "invalid_field")),
        ):
            assert code(await all.clerk("POST", "/admin/keys", json=body)) == refusal, body
        assert code(await all.clerk("PUT", "/admin/users/uma", json={"accounts": []})) == (400, "missing_field")
        assert code(await all.clerk("PUT", "/admin/users/u!", json={"accounts": ["bob"]})) == (400, "invalid_field")
        assert code(await all.clerk("DELETE", "/admin/users/uma")) == (404, "unknown_user")
        for method, path in (("GET", "/admin/keys"), ("POST", "/admin/keys"), ("PUT", "/admin/users/uma")):
            assert code(await all.officer(method, path, json={})) == (403, "role_required")


@pytest.fixture
def harness(tmp_path: Any) -> Harness:
    """A venue whose gateway is stepped by hand."""
    return Harness(configuration(), tmp_path)


def test_a_key_expires(harness: Harness, tmp_path: Any) -> None:
    file = AccessFile(tmp_path)
    expires = datetime(2030, 1, 1, tzinfo=UTC)
    file.change(lambda now: Access(keys=[Key(fingerprint("short"), account="bob", expires=expires)]))
    now_ns = int(expires.timestamp()) * 10**9 - 1
    keys = Keys(harness.configuration, Accounts(harness.memory.accounts, harness.memory.control), file, lambda: now_ns)
    ended: list[bool] = []
    caller = keys.caller_of("short")
    keys.subscribe(lambda: ended.append(keys.is_valid(caller)))
    keys.look()
    assert (caller.account.name, ended) == ("bob", [])
    now_ns += 1
    keys.look()
    keys.look()
    assert ended == [False]
    with pytest.raises(TradingError) as caught:
        keys.caller_of("short")
    assert caught.value.code == "unauthenticated"


def test_a_spoilt_file_shuts_nobody_out(harness: Harness, tmp_path: Any) -> None:
    file = AccessFile(tmp_path)
    file.change(lambda now: Access(keys=[Key(fingerprint("hers"), account="alice")]))
    keys = Keys(harness.configuration, Accounts(harness.memory.accounts, harness.memory.control), file)
    (tmp_path / FILE).write_text("{")
    keys.look()
    assert keys.caller_of("hers").account.name == "alice"
    with pytest.raises(AccessError) as caught:
        file.read()
    assert code_of(caught.value) == "access_unreadable"
