"""Keys in the configuration: written out, named as secrets, or as fingerprints; and where secrets come from.

keys: [alice-key]            written out, where security.clear_text allows that
keys: ["secret:alice_key"]   the secret of this name: systemd's credential, or else a line of the file of secrets
keys: ["sha256:9f86d0..."]   the fingerprint alone: who has the key gets in, and nobody can read it here
"""

from __future__ import annotations

import hashlib
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from tradsys.configuration.mistakes import HIDDEN, Mistake
from tradsys.configuration.sections import AccountEntry, Configuration
from tradsys.configuration.sources import Layers, directory

REFERENCE, FINGERPRINT = "secret:", "sha256:"
FILE_VARIABLE = "TRADSYS__SECURITY__SECRETS_FILE"
"""The setting that names the file of secrets."""
CREDENTIALS_VARIABLE = "CREDENTIALS_DIRECTORY"
"""Where systemd puts the credentials of a service, decrypted, for that service alone."""

_OF_DIRECTORY = "tradsys_"
"""What systemd puts before the names of a directory's files, see LoadCredentialEncrypted= in tradsys.service."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class _MissingError(Exception):
    """There is no such secret; the message says what is wrong, and `remedy` what to do."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.remedy = remedy


class Secrets:
    """Secrets by name: systemd's credentials first, then the file.

    `known`: fingerprints of credentials that another process has.
    """

    def __init__(self, credentials: Path | None, file: Path, known: Mapping[str, str]) -> None:
        self._credentials = credentials
        self._file = file
        self._lines: dict[str, str] | None = None
        self.credentials = dict(known)
        """Fingerprints by name of the credentials that were asked for."""

    def named(self, name: str) -> str:
        """The secret. Raises _MissingError."""
        if not _NAME.fullmatch(name):
            raise _MissingError("names no secret", 'write "secret:" and letters, digits, _, - and . behind it')
        credential = self._credential(name)
        if credential is not None:
            return credential
        if self._lines is None:
            self._lines = read_file(self._file) if self._file.is_file() else {}
        if name in self._lines:
            return self._lines[name]
        give = "give systemd the credential, which a service gets when it is started and not before"
        raise _MissingError(f"there is no secret {name!r}", f"{give}, or write {name}=... to {self._file}")

    def _credential(self, name: str) -> str | None:
        if self._credentials is not None:
            for file in (self._credentials / name, self._credentials / f"{_OF_DIRECTORY}{name}"):
                try:
                    found = file.read_text(encoding="utf-8").rstrip("\n")
                except FileNotFoundError:
                    continue
                except (OSError, UnicodeDecodeError):
                    raise _MissingError(
                        f"is a credential that cannot be read: {name}", "encrypt it again as text"
                    ) from None
                self.credentials[name] = found if found.startswith(FINGERPRINT) else fingerprint(found)
                return found
        return self.credentials.get(name)


class UnreadableSecretsError(ValueError):
    """The file of secrets is not what it must be; the message has no secrets in it."""


class Opened(NamedTuple):
    """A configuration whose keys are there, what was wrong with them, and fingerprints of systemd's credentials."""

    configuration: Configuration
    mistakes: list[Mistake]
    credentials: dict[str, str]


def secrets_file(environment: str, configured: str) -> Path:
    """The file of secrets of an environment."""
    return Path(configured) if configured else directory() / "secrets" / f"{environment}.env"


def read_file(path: Path) -> dict[str, str]:
    """The secrets of a file of NAME=value lines. Raises UnreadableSecretsError."""
    secrets: dict[str, str] = {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise UnreadableSecretsError("the file of secrets cannot be read") from None
    for number, line in enumerate(lines, 1):
        name, separator, value = (part.strip() for part in line.partition("="))
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not separator or not _NAME.fullmatch(name):
            raise UnreadableSecretsError(f"line {number} of the file of secrets is not NAME=value")
        if name in secrets:
            raise UnreadableSecretsError(f"line {number} of the file of secrets gives {name} again")
        quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
        secrets[name] = value[1:-1] if quoted else value
    return secrets


def opened(
    configuration: Configuration, layers: Layers, environ: Mapping[str, str], known: Mapping[str, str]
) -> Opened:
    """The configuration with the secrets that its keys name. A key that is wrong stays as it was written.

    `known`: fingerprints by name of credentials that only another process has.
    """
    file = secrets_file(configuration.environment, configuration.security.secrets_file)
    credentials = environ.get(CREDENTIALS_VARIABLE)
    secrets = Secrets(Path(credentials) if credentials else None, file, known)
    mistakes: list[Mistake] = []
    clear_text = configuration.security.clear_text

    def wrong(path: tuple[str | int, ...], value: str, problem: str, remedy: str) -> None:
        mistakes.append(Mistake(path, value, problem, remedy, layers.source_of(path)))

    if not clear_text and file.is_file() and stat.S_IMODE(file.stat().st_mode) & _OTHERS:
        wrong(("security", "secrets_file"), str(file), "others may read the file of secrets", f"chmod 600 {file}")
    elif configuration.security.secrets_file and not file.is_file():
        wrong(("security", "secrets_file"), str(file), "there is no such file", "name another, or leave it out")

    def key_of(number: int, place: int, text: str) -> str:
        path = ("accounts", number, "keys", place)
        if text.startswith(REFERENCE):
            try:
                return secrets.named(text.removeprefix(REFERENCE))
            except _MissingError as missing:
                wrong(path, text, str(missing), missing.remedy)
            except UnreadableSecretsError as error:
                if not any(mistake.path[0] == "security" for mistake in mistakes):
                    wrong(("security", "secrets_file"), str(file), str(error), "correct it")
        elif text.startswith(FINGERPRINT):
            if not _FINGERPRINT.fullmatch(text.removeprefix(FINGERPRINT)):
                wrong(
                    path,
                    HIDDEN,
                    "is no fingerprint",
                    "write sha256: and the 64 hexadecimal digits of the key's SHA-256",
                )
        elif not clear_text:
            remedy = f'make it a secret, and write "{REFERENCE}NAME" here'
            wrong(path, HIDDEN, "is a key written out, which security.clear_text forbids", remedy)
        return text

    accounts = [
        replace(entry, keys=[key_of(number, place, key) for place, key in enumerate(entry.keys)])
        for number, entry in enumerate(configuration.accounts)
    ]
    return Opened(replace(configuration, accounts=accounts), mistakes, secrets.credentials)


def fingerprint(key: str) -> str:
    """What of a key may be kept: it proves the key, and the key cannot be read from it."""
    return FINGERPRINT + hashlib.sha256(key.encode()).hexdigest()


def sealed(configuration: Configuration) -> Configuration:
    """The configuration with fingerprints instead of keys: for files that others may come to see."""

    def without_keys(entry: AccountEntry) -> AccountEntry:
        keys = [key if key.startswith(FINGERPRINT) else fingerprint(key) for key in entry.keys]
        return replace(entry, keys=keys)

    return replace(configuration, accounts=[without_keys(entry) for entry in configuration.accounts])
