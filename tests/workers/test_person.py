"""Whom the trail names for what is done on the host."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from workers.administration import person
from workers.administration.person import person_on_the_host

ME = pwd.getpwuid(os.getuid()).pw_name


@pytest.mark.parametrize(
    ("login", "sudo", "told"),
    [
        ("4294967295", None, ME),
        ("4294967295", "eve", f"{ME} (eve)"),
        ("4294967295", ME, ME),
        ("77777", "eve", f"{ME} (77777)"),  # a variable can be anybody's
        (str(os.getuid()), "eve", ME),
        ("", "eve", f"{ME} (eve)"),
        (None, None, ME),
    ],
)
def test_the_person_behind_the_user_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, login: str | None, sudo: str | None, told: str
) -> None:
    monkeypatch.setattr(person, "_LOGIN", tmp_path / "loginuid")
    if login is not None:
        (tmp_path / "loginuid").write_text(login)
    monkeypatch.delenv("SUDO_USER", raising=False)
    if sudo is not None:
        monkeypatch.setenv("SUDO_USER", sudo)
    assert person_on_the_host().host_user == told
