from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tradsys.logging.redaction import REDACTED, is_sensitive, redact, redacted, redacted_text


@pytest.mark.parametrize(
    "name",
    [
        "key",
        "keys",
        "api_key",
        "X-API-Key",
        "apikey",
        "token",
        "access_token",
        "secret",
        "client_secret",
        "password",
        "passwd",
        "Authorization",
        "cookie",
        "signature",
        "credentials",
        "private_key",
        "passphrase",
        "email",
        "owner_email",
        "phone",
        "first_name",
        "last_name",
        "full_name",
        "date_of_birth",
        "iban",
        "tax_id",
        "passport",
    ],
)
def test_a_field_is_redacted_by_its_name(name: str) -> None:
    assert is_sensitive(name)
    for value in ("x", 17, ["x"], {"a": "x"}, b"x"):
        assert redact(None, "info", {name: value}) == {name: REDACTED}
    assert redact(None, "info", {"outer": {"inner": [{name: "x"}]}}) == {"outer": {"inner": [{name: REDACTED}]}}


@pytest.mark.parametrize(
    "name", ["account", "name", "keyboard", "monkey", "event", "logger", "code", "request_id", "worker", "path", "why"]
)
def test_other_fields_are_not(name: str) -> None:
    assert not is_sensitive(name)
    assert redact(None, "info", {name: "gateway-0", "number": 1}) == {name: "gateway-0", "number": 1}


def test_that_there_is_no_secret_or_whether_may_be_told() -> None:
    assert redact(None, "info", {"key": None, "password": False}) == {"key": None, "password": False}


SECRET_TEXTS = [
    ("Authorization: Bearer abc.def-123", "abc.def-123"),
    ("sent bearer s3cr3t-t0ken-value along", "s3cr3t-t0ken-value"),
    ("Basic YWxpY2U6c2VjcmV0 was refused", "YWxpY2U6c2VjcmV0"),
    ("X-API-Key: alice-key", "alice-key"),
    ("api_key=alice-key&symbol=ACME", "alice-key"),
    ("keys=['alice-key', 'second-key']", "second-key"),
    ('{"password": "open sesame"}', "open sesame"),
    ("password = hunter2;", "hunter2"),
    ("the secret: 'a b c'", "a b c"),
    ("token=abc", "abc"),
    ("signature=0123abcd", "0123abcd"),
    ("postgres://venue:hunter2@db.local/tradsys", "hunter2"),
    ("write to alice@example.com now", "alice@example.com"),
    ("alice.b+c@mail.example.co.uk", "alice.b+c@mail.example.co.uk"),
    ("card 4111 1111 1111 1111 declined", "4111 1111 1111 1111"),
    ("card 4111-1111-1111-1111", "4111-1111-1111-1111"),
    ("card 5500005555555559", "5500005555555559"),
    ("amex 378282246310005", "378282246310005"),
    ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP", "eyJzdWIiOiIxIn0"),
    ("hash 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "9f86d081884c7d65"),
    ("seed Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MEFCQ0RFRg==", "Zm9vYmFyYmF6cXV4"),
]


@pytest.mark.parametrize(("text", "secret"), SECRET_TEXTS)
def test_a_text_is_redacted_by_its_look(text: str, secret: str) -> None:
    for value in (redacted_text(text), redacted([text])[0], redacted({"said": (text,)})["said"][0]):
        assert secret not in value
        assert REDACTED in value
    assert secret not in str(redacted(RuntimeError(text)))


@pytest.mark.parametrize(
    "text",
    [
        "restarting a worker",
        "at offset 4096, sequence 12345678901234567890",
        "timestamp 1764500000000000000, order 893386753, trade 5-6",
        "550e8400-e29b-41d4-a716-446655440000",
        "/var/lib/tradsys/venue/journal/00000000000000000001.journal: damaged",
        "/tmp/pytest-of-root/pytest-12/test_that_has_a_very_long_name_with_1_number0/venue",
        "[Errno 28] No space left on device: '/srv/venue/journal/next.spare'",
        "matcher-0 was ended by SIGKILL",
        "the price 100.001 is not a multiple of 0.01",
        "4111 1111 1111 1112 is no card's number",
        "http://127.0.0.1:8080/orders/123?symbol=BTC-USD",
        "a keyboard: qwerty",
    ],
)
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert redacted_text(text) == text


class Settings(msgspec.Struct):
    keys: list[str]
    path: Path


def test_anything_else_is_told_as_text_without_its_secrets() -> None:
    shown = redacted({"settings": Settings(["alice-key"], Path("/srv")), "path": Path("/srv")})
    assert "alice-key" not in str(shown)
    assert "/srv" in shown["settings"]


def test_data_that_contains_itself_is_told_all_the_same() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert redacted(endless)


@pytest.mark.parametrize("part", ["a", "1", "a1B", "key=[", "a@", "x://", "4", "eyJ", "'", "a.", "token:'"])
def test_a_text_of_any_length_takes_no_time_to_speak_of(part: str) -> None:
    """A pattern that looks far would need minutes for these; the test's own time limit would end it."""
    assert len(redacted_text(part * (1_000_000 // len(part)))) < 100_000
