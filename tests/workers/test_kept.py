"""Small files that several processes change, as one follows them that runs for long."""

from __future__ import annotations

from pathlib import Path

from workers.administration.access import FILE, Access, AccessFile, User, with_user
from workers.administration.kept import Followed


def test_a_file_that_comes_back_as_it_was_is_no_trouble_any_more(tmp_path: Path) -> None:
    """An operator moves the file aside, tries another one that is none of ours, and moves the first one back."""
    kept, path, aside = AccessFile(tmp_path), tmp_path / FILE, tmp_path / "aside"
    kept.change(lambda now: with_user(now, User("uma", ["alice"])))
    followed = Followed(kept, Access())
    assert followed.look()
    path.rename(aside)
    path.write_text("spoilt")
    assert followed.look()
    assert followed.trouble
    assert not followed.look()
    aside.rename(path)
    assert followed.look()
    assert followed.trouble == ""
    assert followed.content == kept.read()
    assert not followed.look()
