"""What a file system or SQLite says when it can't write, and what to do about it."""

from __future__ import annotations

import errno
import sqlite3

_SQLITE = {
    "SQLITE_FULL": "make room on its disk",
    "SQLITE_IOERR": "see whether its disk is full or failing",
    "SQLITE_READONLY": "make the folder and the files in it writable",
    "SQLITE_CANTOPEN": "make the folder and the files in it writable",
    "SQLITE_PERM": "make the folder and the files in it writable",
    "SQLITE_BUSY": "another program holds its lock: close that (a database browser, a backup)",
    "SQLITE_LOCKED": "another program holds its lock: close that (a database browser, a backup)",
    "SQLITE_CORRUPT": "restore it from a backup",
    "SQLITE_NOTADB": "restore it from a backup",
}
_ERRNO = {
    errno.ENOSPC: "make room on its disk",
    errno.EDQUOT: "make room on its disk: the quota is used up",
    errno.EFBIG: "raise the limit on the size of a file (ulimit -f)",
    errno.EROFS: "make the folder and the files in it writable",
    errno.EACCES: "make the folder and the files in it writable",
    errno.EPERM: "make the folder and the files in it writable",
    errno.EMFILE: "raise the limit on open files (ulimit -n)",
}
_ELSE = "see whether its disk is full or failing"


def trouble(error: BaseException) -> str:
    """What happened and what to do, in one line."""
    if isinstance(error, sqlite3.Error):
        name = getattr(error, "sqlite_errorname", "")
        return f"{error}; {next((cure for start, cure in _SQLITE.items() if name.startswith(start)), _ELSE)}"
    if isinstance(error, OSError):
        return f"{error.strerror or error}; {_ERRNO.get(error.errno or 0, _ELSE)}"
    return f"{error}; {_ELSE}"
