"""Files and folders that nobody but their owner can read, whatever the umask: prompts and beliefs stand in them.

Windows knows no such modes; there a file is as private as the folder that it lies in.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

FILE, FOLDER = 0o600, 0o700


def make_folder(path: Path) -> None:
    """Make a folder, and those above it; one that is there stays as it is.

    Raises:
        OSError: It can't be made.
    """
    if not path.is_dir():
        if not path.parent.exists():
            make_folder(path.parent)
        path.mkdir(mode=FOLDER, exist_ok=True)
        path.chmod(FOLDER)


def make_file(path: Path) -> None:
    """Make an empty file, or tighten the one that is there.

    Raises:
        OSError: It can't be made.
    """
    path.touch(mode=FILE)
    with suppress(PermissionError):  # somebody else's that one may write
        path.chmod(FILE)


def tighten(path: Path) -> None:
    """Take from everyone but the owner what they may do with a file or folder; what isn't one's own stays as it is."""
    if loose(path):
        with suppress(OSError):
            path.chmod(FOLDER if path.is_dir() else FILE)


def loose(path: Path) -> bool:
    """Whether others than its owner may do anything with it; a link is never followed."""
    try:
        mode = path.lstat().st_mode
    except OSError:
        return False
    return os.name == "posix" and not stat.S_ISLNK(mode) and bool(mode & 0o077)
