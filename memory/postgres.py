"""A server of PostgreSQL that holds a shared journal: reaching it, its tables, what may go wrong with it.

Its tables are those of a home's journal, with the same guarantees kept by the server: one event per place, each linked
to the one before it, none ever changed or deleted. Text is ordered by its bytes, as SQLite does it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import HomeError, JournalError, MissingExtraError

if TYPE_CHECKING:
    from psycopg import Connection

    Connected = Connection[tuple[Any, ...]]

OLDEST = 13
"""The first version of PostgreSQL that will do."""
FORMAT = 1
PATIENCE = 10
"""Seconds to wait for a server, if the address says nothing else."""
SCHEMES = ("postgresql://", "postgres://")
TABLES = """
CREATE SCHEMA doxa;
CREATE TABLE doxa.meta (key text COLLATE "C" PRIMARY KEY, value text NOT NULL);
CREATE TABLE doxa.names (name text COLLATE "C" PRIMARY KEY, number bigint NOT NULL);
CREATE TABLE doxa.runs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text COLLATE "C" NOT NULL UNIQUE,
    parent text COLLATE "C" REFERENCES doxa.runs (name),
    parent_seq bigint
);
CREATE TABLE doxa.events (
    run text COLLATE "C" NOT NULL REFERENCES doxa.runs (name),
    episode bigint NOT NULL,
    seq bigint NOT NULL,
    kind text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    payload text COLLATE "C" NOT NULL,
    prev_hash text COLLATE "C" NOT NULL,
    hash text COLLATE "C" NOT NULL,
    at double precision,
    latency double precision,
    attempts bigint,
    PRIMARY KEY (run, seq),
    UNIQUE (run, episode, key, kind)
);
CREATE TABLE doxa.texts (digest text COLLATE "C" PRIMARY KEY, text bytea NOT NULL);
CREATE TABLE doxa.dropped (digest text COLLATE "C" PRIMARY KEY);
CREATE TABLE doxa.vectors (
    generation text COLLATE "C" NOT NULL,
    digest text COLLATE "C" NOT NULL,
    vector bytea NOT NULL,
    PRIMARY KEY (digest, generation)
);
CREATE FUNCTION doxa.keep() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'events are append-only'; END $$;
CREATE TRIGGER events_are_never_changed BEFORE UPDATE OR DELETE ON doxa.events
    FOR EACH ROW EXECUTE FUNCTION doxa.keep();
CREATE TRIGGER events_are_never_emptied BEFORE TRUNCATE ON doxa.events EXECUTE FUNCTION doxa.keep();
CREATE FUNCTION doxa.link() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE last record;
    BEGIN
        SELECT seq, hash INTO last FROM doxa.events WHERE run = NEW.run ORDER BY seq DESC LIMIT 1;
        IF NEW.seq <> coalesce(last.seq, 0) + 1 OR NEW.prev_hash <> coalesce(last.hash, '') THEN
            RAISE EXCEPTION 'event % of run % does not follow the one before it', NEW.seq, NEW.run;
        END IF;
        RETURN NEW;
    END $$;
CREATE TRIGGER events_are_linked BEFORE INSERT ON doxa.events FOR EACH ROW EXECUTE FUNCTION doxa.link();
"""


@dataclass(frozen=True)
class Server:
    """Where a shared journal is.

    Attributes:
        url: As libpq takes it: ``postgresql://user:password@host:port/database``.
        shown: The same without the password.
    """

    url: str = field(repr=False)
    shown: str
    secrets: tuple[str, ...] = field(repr=False)

    @classmethod
    def at(cls, url: str) -> Server:
        """Read an address.

        Raises:
            MissingExtraError: psycopg isn't installed.
            HomeError: It isn't one.
        """
        try:
            from psycopg.conninfo import conninfo_to_dict
        except ImportError:
            raise MissingExtraError("a journal in PostgreSQL", "postgres") from None
        form = "write it as postgresql://USER@HOST:PORT/DATABASE"
        if not url.startswith(SCHEMES):
            raise HomeError(f"a shared journal's address begins with postgresql://, which {url[:12]!r} doesn't: {form}")
        from psycopg import Error

        try:
            told = conninfo_to_dict(url)
        except Error:  # its message may have the password in it
            raise HomeError(f"the address of the shared journal can't be read: {form}") from None
        secrets = tuple(str(told[name]) for name in ("password", "sslpassword", "passfile") if told.get(name))
        user = f"{told['user']}@" if told.get("user") else ""
        port = f":{told['port']}" if told.get("port") else ""
        return cls(url, f"postgresql://{user}{told.get('host', '')}{port}/{told.get('dbname', '')}", secrets)

    @contextmanager
    def connected(self, *, write: bool) -> Iterator[Connected]:
        """Connect; with ``write`` the tables are made if they aren't there.

        Raises:
            HomeError: The server can't be reached or used so; the message says why and what to do.
            JournalError: Something went wrong with it later.
        """
        import psycopg
        from psycopg.conninfo import make_conninfo

        patience = "" if "connect_timeout" in self.url else str(PATIENCE)
        try:
            told = make_conninfo(self.url, application_name="doxa", connect_timeout=patience or None)
            connection = psycopg.connect(told, autocommit=True)
        except psycopg.Error as error:
            raise HomeError(
                f"the journal at {self.shown} can't be reached: {self._said(error)}; see that the server runs there, "
                "and that user, password and database are right (a password may stand in ~/.pgpass or PGPASSWORD)"
            ) from None
        with connection:
            self._prepare(connection, write=write)
            with self.speaking():
                yield connection

    @contextmanager
    def speaking(self) -> Iterator[None]:
        """Inside, what goes wrong with the server is a :class:`~doxa.errors.JournalError`."""
        import psycopg

        try:
            yield
        except psycopg.Error as error:
            raise JournalError(f"the journal at {self.shown}: {self._said(error)}") from None

    def _prepare(self, connection: Connected, *, write: bool) -> None:
        import psycopg

        see_version(connection.info.server_version, self.shown)
        try:
            if write:
                self._see_writable(connection)
                self._make(connection)
            rows = connection.execute("SELECT to_regclass('doxa.meta') IS NOT NULL").fetchall()
            if rows != [(True,)]:
                raise HomeError(
                    f"there is no journal at {self.shown} yet: 'doxa sweep ... --journal URL' gathers runs there"
                )
            see_format(str(_one(connection, "SELECT value FROM doxa.meta WHERE key = 'format'")), self.shown)
        except psycopg.Error as error:
            raise HomeError(
                f"the journal at {self.shown} can't be used: {self._said(error)}; give the user the right to "
                f"{'create and write' if write else 'read'} the schema doxa"
            ) from None

    def _see_writable(self, connection: Connected) -> None:
        if _one(connection, "SHOW transaction_read_only") == "on":
            raise HomeError(
                f"the database at {self.shown} is read-only, so nothing can be gathered there: name the primary "
                "server, or one that may be written"
            )

    def _make(self, connection: Connected) -> None:
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(6846561)")  # whoever else is at it
            if _one(connection, "SELECT to_regclass('doxa.meta') IS NULL"):
                connection.execute(TABLES.encode())
                connection.execute("INSERT INTO doxa.meta VALUES ('format', %s)", (str(FORMAT),))

    def _said(self, error: Exception) -> str:
        """An error's first line, without anything secret."""
        text = (str(error).strip().splitlines() or [type(error).__name__])[0]
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return text


def see_version(version: int, shown: str) -> None:
    """Make sure that a server is new enough; ``version`` as it numbers itself: 150018 is 15.18.

    Raises:
        HomeError: It isn't.
    """
    if version < OLDEST * 10_000:
        told = f"{version // 10_000}.{version % 10_000}"
        raise HomeError(f"the server at {shown} is PostgreSQL {told}; doxa needs {OLDEST} or newer: upgrade the server")


def see_format(told: str, shown: str) -> None:
    """Make sure that this doxa reads a shared journal's format.

    Raises:
        HomeError: It comes from a newer version.
    """
    if told != str(FORMAT):
        raise HomeError(f"the journal at {shown} is of format {told}, this doxa reads {FORMAT}: upgrade doxa")


def _one(connection: Connected, sql: str) -> Any:  # noqa: ANN401  of a query that returns one value
    rows = connection.execute(sql.encode()).fetchall()
    return rows[0][0] if rows else None
