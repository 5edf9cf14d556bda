"""What clients are told about messages that are not what they should be."""

from __future__ import annotations

import pytest

from gateway import messages
from tradsys.errors import ValidationError

PLACE = '{"op":"place","symbol":"A","side":"buy","quantity":"1"'


@pytest.mark.parametrize(
    ("data", "code", "field"),
    [
        ("", "invalid_json", None),
        ("{", "invalid_json", None),
        ('{"op":"ping",}', "invalid_json", None),
        ("[" * 100_000, "invalid_message", None),
        ("null", "invalid_message", None),
        ("[]", "invalid_message", None),
        ("{}", "missing_field", "op"),
        ('{"op":1}', "wrong_type", "op"),
        ('{"op":"buy"}', "unknown_operation", "op"),
        ('{"op":"ping","colour":1}', "unknown_field", "colour"),
        ('{"op":"ping","{0}":1}', "unknown_field", "{0}"),
        ('{"op":"ping","id":{}}', "wrong_type", "id"),
        ('{"op":"ping","id":1e400}', "wrong_type", "id"),
        ('{"op":"ping","id":123456789012345678901234567890}', "wrong_type", "id"),
        ('{"op":"place","side":"buy","quantity":"1"}', "missing_field", "symbol"),
        ('{"op":"place","symbol":1,"side":"buy","quantity":"1"}', "wrong_type", "symbol"),
        ('{"op":"place","symbol":"A","side":"BUY","quantity":"1"}', "invalid_field", "side"),
        ('{"op":"place","symbol":"A","side":"buy","quantity":1}', "wrong_type", "quantity"),
        (PLACE + ',"price":1.5}', "wrong_type", "price"),
        (PLACE + ',"type":"stopp"}', "invalid_field", "type"),
        (PLACE + ',"time_in_force":"today"}', "invalid_field", "time_in_force"),
        (PLACE + ',"self_trade":"both"}', "invalid_field", "self_trade"),
        (PLACE + ',"trail_bps":"5"}', "wrong_type", "trail_bps"),
        (PLACE + ',"then":{}}', "wrong_type", "then"),
        (PLACE + ',"then":[{"price":1}]}', "wrong_type", "then[0].price"),
        (PLACE + ',"one_cancels_other":{"type":"market"}}', "invalid_field", "one_cancels_other.type"),
        (PLACE + ',"one_cancels_other":{"hidden":true}}', "unknown_field", "hidden"),
        ('{"op":"session"}', "missing_field", "cancel_on_disconnect"),
        ('{"op":"cancel_all","side":"both"}', "invalid_field", "side"),
        (PLACE + ',"post_only":"yes"}', "wrong_type", "post_only"),
        (PLACE + ',"client_order_id":1.0}', "wrong_type", "client_order_id"),
    ],
)
def test_a_wrong_message_is_answered_with_code_and_field(data: str, code: str, field: str | None) -> None:
    with pytest.raises(ValidationError) as caught:
        messages.decode(messages.operations, data.encode())
    assert (caught.value.code, caught.value.field) == (code, field)


@pytest.mark.parametrize("data", [b"\xff", b'{"op":"ping","id":"\xff"}', b'{"op":"auth","key":"\xc3\x28"}'])
def test_text_that_is_not_utf_8_is_invalid_json(data: bytes) -> None:
    with pytest.raises(ValidationError) as caught:
        messages.decode(messages.operations, data)
    assert caught.value.code == "invalid_json"


def test_a_price_as_a_number_is_answered_with_the_remedy() -> None:
    with pytest.raises(ValidationError, match="decimal number in a string"):
        messages.decode(messages.operations, (PLACE + ',"price":1.5}').encode())


@pytest.mark.parametrize(("value", "number"), [(1, 1), ("1", 1), ("0017", 17), ("9223372036854775807", 2**63 - 1)])
def test_identifiers_are_decimal_strings_or_integers(value: str | int, number: int) -> None:
    assert messages.identifier(value, "order_id") == number


@pytest.mark.parametrize("value", [0, -1, 2**63, "", "0", "-1", "1.0", "1e3", " 1", "x", "٣", "9223372036854775808"])
def test_other_identifiers_are_refused(value: str | int) -> None:
    with pytest.raises(ValidationError) as caught:
        messages.identifier(value, "order_id")
    assert (caught.value.code, caught.value.field) == ("invalid_field", "order_id")


@pytest.mark.parametrize(
    ("data", "echo"),
    [
        (b'{"id":7,"op":1}', 7),
        (b'{"id":"x","op":1}', "x"),
        (b'{"id":true}', None),
        (b'{"id":1.5}', None),
        (b'{"id":123456789012345678901234567890}', None),
        (b"[7]", None),
        (b"{", None),
        (b"\xff", None),
    ],
)
def test_the_id_of_a_wrong_message_is_echoed_where_it_can_be(data: bytes, echo: object) -> None:
    assert messages.echo_of(data) == echo
