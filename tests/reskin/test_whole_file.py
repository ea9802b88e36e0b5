"""A file is written whole, and stays what it was besides: a link, and as private as it was."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from reskin.whole_file import write_whole


def test_a_link_stays_one_and_its_file_is_as_private_as_before(tmp_path: Path) -> None:
    kept, link = tmp_path / "dotfiles" / "settings.toml", tmp_path / "settings.toml"
    kept.parent.mkdir()
    kept.write_bytes(b"old")
    kept.chmod(0o600)
    link.symlink_to(kept)
    write_whole(link, b"new")
    assert link.readlink() == kept
    assert kept.read_bytes() == b"new"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert list(kept.parent.iterdir()) == [kept]


def test_a_link_to_no_file_yet_gets_it(tmp_path: Path) -> None:
    link = tmp_path / "settings.toml"
    link.symlink_to("dotfiles/settings.toml")
    write_whole(link, b"new")
    assert (tmp_path / "dotfiles" / "settings.toml").read_bytes() == b"new"
    assert link.is_symlink()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a link another user's")
def test_a_link_that_another_user_has_laid_is_not_followed(tmp_path: Path) -> None:
    mine, link = tmp_path / "mine", tmp_path / "shot.png"
    mine.write_bytes(b"old")
    link.symlink_to(mine)
    os.chown(link, 12345, -1, follow_symlinks=False)
    write_whole(link, b"new")
    assert mine.read_bytes() == b"old"
    assert not link.is_symlink()
    assert link.read_bytes() == b"new"
