"""Keys that are written out, named as secrets, or known by their fingerprints."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tradsys.configuration import Configuration, InvalidConfigurationError, load
from tradsys.configuration.secrets import sealed

KEY = "correct-horse-battery-staple"


def _with_keys(
    folder: Path, *keys: object, environment: str = "production", credentials: Path | None = None
) -> Configuration:
    mine = folder / "mine.yaml"
    accounts = [{"name": "me", "keys": list(keys)}]
    settings = {"accounts": accounts, "security": {"secrets_file": str(folder / "mine.env")}}
    mine.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return load(environment, mine, {"CREDENTIALS_DIRECTORY": str(credentials)} if credentials else {})


def _told(folder: Path, *keys: object, **options: Any) -> dict[str, str]:
    with pytest.raises(InvalidConfigurationError) as caught:
        _with_keys(folder, *keys, **options)
    assert KEY not in str(caught.value)
    return {".".join(map(str, mistake.path)): mistake.problem for mistake in caught.value.mistakes}


def _secrets(folder: Path, text: str, mode: int = 0o600) -> None:
    (folder / "mine.env").write_text(text, encoding="utf-8")
    (folder / "mine.env").chmod(mode)


def test_a_secret_comes_from_the_file_of_secrets(tmp_path: Path) -> None:
    _secrets(tmp_path, f"# mine\n\nother = 'x y'\nme={KEY}\n")
    assert _with_keys(tmp_path, "secret:me").accounts[0].keys == [KEY]


@pytest.mark.parametrize("name", ["me", "tradsys_me"])
def test_a_credential_of_systemd_goes_before_the_file(tmp_path: Path, name: str) -> None:
    _secrets(tmp_path, "me=another\n")
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / name).write_text(KEY + "\n", encoding="utf-8")
    assert _with_keys(tmp_path, "secret:me", credentials=credentials).accounts[0].keys == [KEY]


def test_a_secret_that_there_is_not_is_told_with_its_name(tmp_path: Path) -> None:
    _secrets(tmp_path, f"me={KEY}\n")
    assert _told(tmp_path, "secret:you") == {"accounts.0.keys.0": "there is no secret 'you'"}


def test_production_takes_no_keys_that_are_written_out(tmp_path: Path) -> None:
    _secrets(tmp_path, "")
    (problem,) = _told(tmp_path, KEY).values()
    assert "security.clear_text forbids" in problem
    assert _with_keys(tmp_path, KEY, environment="testing").accounts[0].keys == [KEY]


def test_production_takes_no_file_of_secrets_that_others_may_read(tmp_path: Path) -> None:
    _secrets(tmp_path, f"me={KEY}\n", mode=0o640)
    assert _told(tmp_path, "secret:me") == {"security.secrets_file": "others may read the file of secrets"}
    assert _with_keys(tmp_path, "secret:me", environment="testing").accounts[0].keys == [KEY]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (KEY, "line 1 of the file of secrets is not NAME=value"),
        (f"# keys\nme={KEY}\nme={KEY}\n", "line 3 of the file of secrets gives me again"),
        (f"a/b={KEY}\n", "line 1 of the file of secrets is not NAME=value"),
    ],
)
def test_a_file_of_secrets_that_cannot_be_read_is_told_without_what_is_in_it(
    tmp_path: Path, text: str, problem: str
) -> None:
    _secrets(tmp_path, text)
    assert _told(tmp_path, "secret:me", "secret:me") == {"security.secrets_file": problem}


def test_a_name_cannot_lead_out_of_the_credentials(tmp_path: Path) -> None:
    _secrets(tmp_path, "")
    (problem,) = _told(tmp_path, "secret:../mine.env").values()
    assert problem == "names no secret"


def test_a_fingerprint_stands_for_its_key(tmp_path: Path) -> None:
    _secrets(tmp_path, f"me={KEY}\n")
    fingerprint = "sha256:" + hashlib.sha256(KEY.encode()).hexdigest()
    assert _with_keys(tmp_path, fingerprint).accounts[0].keys == [fingerprint]
    assert "already a key of 'me'" in _told(tmp_path, fingerprint, "secret:me")["accounts.0.keys.1"]
    assert _told(tmp_path, fingerprint[:-1]) == {"accounts.0.keys.0": "is no fingerprint"}


def test_a_sealed_configuration_has_fingerprints_for_keys(tmp_path: Path) -> None:
    _secrets(tmp_path, f"me={KEY}\n")
    configuration = _with_keys(tmp_path, "secret:me")
    once = sealed(configuration)
    assert once.accounts[0].keys == ["sha256:" + hashlib.sha256(KEY.encode()).hexdigest()]
    assert sealed(once) == once


def test_what_was_written_instead_of_a_list_of_keys_is_not_told(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    for text in (
        f"accounts: [{{name: me, key: {KEY}}}]",
        f"accounts: [{{name: me, keys: {KEY}}}]",
        f"accounts: {{name: me, keys: [{KEY}]}}",
        f"accounts: {KEY}",
        f"accounts: [{{name: me, keys: [*{KEY}]}}]",
        f"accounts: [{{name: me, keys: [!{KEY} x]}}]",
    ):
        mine.write_text(text, encoding="utf-8")
        with pytest.raises(InvalidConfigurationError) as caught:
            load("testing", mine, {})
        assert KEY not in str(caught.value), text
        with pytest.raises(InvalidConfigurationError) as caught:
            load("testing", environ={"TRADSYS__ACCOUNTS": text.removeprefix("accounts: ")})
        assert KEY not in str(caught.value), text
