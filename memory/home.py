"""The folder in which runs and beliefs live."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .. import private
from ..errors import BusyError, HomeError


@dataclass(frozen=True)
class Home:
    """A folder with the journal, the index beside it, and the lock of its one writer.

    ::

        home/
        ├── journal.sqlite3   everything that happened; the only thing worth a backup
        ├── library/          the index of words, vectors and facts; may be deleted at any time
        ├── chroma/           the index of vectors alone; may be deleted at any time
        └── lock              held by the process that writes
    """

    path: Path

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", Path(self.path).expanduser())

    @property
    def journal(self) -> Path:
        """The SQLite file."""
        return self.path / "journal.sqlite3"

    @property
    def chroma(self) -> Path:
        """The index's folder."""
        return self.path / "chroma"

    @property
    def library(self) -> Path:
        """The folder of the index that is searched by words, vectors and facts."""
        return self.path / "library"

    @property
    def copied(self) -> Path:
        """The file that says of what this home is a copy, for reading only, if it is one."""
        return self.path / "copied"

    @property
    def own(self) -> tuple[Path, ...]:
        """What is there of the files and folders that Doxa makes in it."""
        found = (*self.path.glob("journal.sqlite3*"), self.path / "lock", self.chroma, self.library)
        return tuple(sorted(path for path in found if path.exists() or path.is_symlink()))

    @property
    def exists(self) -> bool:
        """Whether a journal has been started here."""
        return self.journal.is_file()

    def create(self) -> Home:
        """Make the folder if it isn't there, readable by its owner only.

        Raises:
            HomeError: It can't be made or written.
        """
        try:
            self.see_own()
            private.make_folder(self.path)
            private.make_file(self.journal)  # SQLite gives its side files the same mode
            for path in self.own:
                private.tighten(path)
        except (FileExistsError, NotADirectoryError) as error:
            raise HomeError(
                f"home {self.path} can't be made: {error.filename} is a file, not a folder; choose another home"
            ) from None
        except OSError as error:
            raise HomeError(
                f"home {self.path} can't be written: {error.strerror}; make it writable or choose another home"
            ) from None
        return self

    def see_own(self) -> None:
        """Make sure that this isn't a copy of another journal, and that nothing in it leads elsewhere.

        Raises:
            HomeError: It is, or something does; nothing can be written to another place through it.
        """
        if linked := next((path for path in (*self.own, self.copied) if path.is_symlink()), None):
            raise HomeError(
                f"{linked} is a link to elsewhere, and Doxa writes and deletes inside of its home only: put what it "
                "leads to there itself, or choose another home"
            )
        if self.copied.exists():
            told = self.copied.read_text()[:400]
            raise HomeError(
                f"{told} is for reading only: run in a home of your own, and gather it there by "
                "'doxa sweep ... --journal'"
            )

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Be the home's one writer; :class:`~doxa.memory.journal.Journal` does this itself when it opens for writing.

        Raises:
            BusyError: Another process is writing.
            HomeError: The lock can't be made.
        """
        from filelock import FileLock, Timeout

        # not thread-local: a journal may be closed by another thread than the one that opened it
        lock = FileLock(self.path / "lock", mode=0o600, thread_local=False)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            raise BusyError(
                f"home {self.path} is in use: another doxa process is writing; wait for it or choose another home"
            ) from None
        except OSError as error:
            raise HomeError(
                f"home {self.path} can't be locked: {error.strerror}; make it writable or choose another home"
            ) from None
        try:
            yield
        finally:
            lock.release()
