"""What a log must not hold: secrets and what identifies a person, by the field's name and by its look.

Names of accounts are no secrets: they say whom a line is about.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

REDACTED = "[redacted]"

_SECRETS = {"apikey", "authorization", "cookie", "credential", "credentials", "key", "keys", "passphrase", "passwd"}
_SECRETS |= {"password", "secret", "secrets", "signature", "token", "tokens"}
_PERSONAL = {"email", "iban", "passport", "phone", "ssn"}
_PERSONAL_NAMES = {"birthday", "date_of_birth", "first_name", "full_name", "last_name", "postal_address", "tax_id"}
_DEPTH_MAX = 12
_TEXT_MAX = 32_768
"""Longer texts are cut off. No pattern looks far, so none takes long, whatever a client sends."""

_NAMED = (
    r"(?i)\b((?:x[-_])?api[-_]?keys?|authorization|cookie|credentials?|passphrase|passw(?:or)?d"
    r"|secrets?|signature|tokens?|keys?)(['\"]?\s{0,4}[:=]\s{0,4})"
    r"(?:\[[^\]]{0,1000}\]|\"[^\"]{0,1000}\"|'[^']{0,1000}'|(?:bearer|basic)\s+[^\s,;&]+|[^\s,;&)}\]]+)"
)
_BEARER = r"(?i)\b(bearer|basic)\s+[a-z0-9._~+/=-]{8,}"
_IN_ADDRESS = r"(\w{1,20}://[^\s:/@]{1,100}:)[^\s@/]{1,200}@"
_EMAIL = r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+"
_SIGNED = r"\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?"
_LONG_HEX = r"\b(?=[0-9]*[a-fA-F])[0-9a-fA-F]{32,}\b"
_PATTERNS = (
    (re.compile(_NAMED), rf"\1\2{REDACTED}"),
    (re.compile(_BEARER), rf"\1 {REDACTED}"),
    (re.compile(_IN_ADDRESS), rf"\1{REDACTED}@"),
    (re.compile(f"{_EMAIL}|{_SIGNED}|{_LONG_HEX}"), REDACTED),
)
_LONG_WORD = re.compile(r"(?<![\w+/-])[\w+-]{32,}={0,2}")
_CARD = re.compile(r"(?<![\w.-])[3-6]\d{3}([ -]?)\d{4,6}\1\d{4,5}(?:\1\d{1,7})?(?![\w.-])")


def is_sensitive(name: str) -> bool:
    """Whether a field of this name holds a secret or identifies a person."""
    plain = name.lower().replace("-", "_")
    words = plain.split("_")
    return plain in _PERSONAL_NAMES or not (_SECRETS | _PERSONAL).isdisjoint(words)


def redacted(value: Any, depth: int = 0) -> Any:
    """The value without what must not be told; of anything but plain data its text."""
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return redacted_text(value)
        case Mapping() if depth < _DEPTH_MAX:
            return {str(name): _field(str(name), each, depth + 1) for name, each in value.items()}
        case list() | tuple() | set() | frozenset() if depth < _DEPTH_MAX:
            return [redacted(each, depth + 1) for each in value]
        case _:
            return redacted_text(str(value) if isinstance(value, BaseException) else repr(value))


def redacted_text(text: str) -> str:
    """The text without what looks like a secret, an e-mail address or a card's number."""
    if len(text) > _TEXT_MAX:
        text = f"{text[:_TEXT_MAX]}…"
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    text = _LONG_WORD.sub(lambda found: REDACTED if _is_random(found.group()) else found.group(), text)
    return _CARD.sub(lambda found: REDACTED if _is_card(found.group()) else found.group(), text)


def redact(logger: Any, method: str, line: Mapping[str, Any]) -> dict[str, Any]:
    """For structlog: the line without what must not be told."""
    return {name: _field(name, value, 0) for name, value in line.items()}


def _field(name: str, value: Any, depth: int) -> Any:
    if is_sensitive(name) and value is not None and not isinstance(value, bool):
        return REDACTED
    return redacted(value, depth)


def _is_random(word: str) -> bool:
    """Whether a long word has digits, small and large letters as base64 has, and names of files and tests have not."""
    return min(sum(map(kind, word)) for kind in (str.isdigit, str.islower, str.isupper)) >= 3


def _is_card(text: str) -> bool:
    """Whether the digits have a card's length and check digit (ISO/IEC 7812-1, Luhn)."""
    digits = [int(digit) for digit in text if digit.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return 13 <= len(digits) <= 19 and (sum(doubled) + sum(digits[::-2])) % 10 == 0
