"""The core's own tables; JSON is kept as text and times are epoch seconds of business time."""

from sqlalchemy import BigInteger, Column, Float, Index, Integer, MetaData, Table, Text
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

METADATA = MetaData()

# SQLite grows a key by itself only for the type INTEGER.
_SERIAL = BigInteger().with_variant(Integer(), "sqlite")


def _serial(name: str = "seq") -> "Column[int]":
    return Column(name, _SERIAL, primary_key=True, autoincrement=True)


def _text(name: str, key: bool = False) -> "Column[str]":
    return Column(name, Text, primary_key=key, nullable=False)


def _time(name: str) -> "Column[float]":
    return Column(name, Float(53), nullable=False)


def _number(name: str) -> "Column[int]":
    return Column(name, BigInteger, nullable=False)


INBOX = Table(
    "inbox", METADATA, _serial(), _text("source"), _text("key"), _text("kind"), _text("payload"), _time("received_at"),
    Index("inbox_identity", "source", "key", unique=True), Index("inbox_received", "received_at"),
)  # fmt: skip

# What people have put right in a stored signal: the whole payload as it is taken from then on.
CORRECTIONS = Table(
    "corrections", METADATA, _text("source", key=True), _text("key", key=True), _text("payload"), _text("by_whom"),
    _time("at"),
)  # fmt: skip

EVENTS = Table(
    "events", METADATA, _serial("sequence"), _text("type"), _text("source"), _text("id"), _text("subject"),
    _text("partition_key"), _time("time"), _text("data"), _text("causation"), _text("correlation"), _number("version"),
    Index("events_identity", "source", "id", unique=True), Index("events_partition", "partition_key", "sequence"),
    Index("events_type", "type", "time"),
)  # fmt: skip

WORK = Table(
    "work", METADATA, _serial(), _text("process"), _text("key"), _text("subject"), _text("argument"), _time("due_at"),
    _text("cause"), _number("attempt"), _number("tries"), _text("state"), _text("waiting_on"), _time("first_at"),
    _text("run_id"), _time("submitted_at"), _number("wake_mark"), Column("again_at", Float(53)),
    Index("work_open_subject", "process", "subject", unique=True,
          sqlite_where=Column("state").in_(("due", "submitted", "parked")),
          postgresql_where=Column("state").in_(("due", "submitted", "parked"))),
    Index("work_state", "state", "due_at"), Index("work_key", "key"),
)  # fmt: skip

# Who waits for which topic, and which topics were woken when: work that was running then must not park on them.
WAITS = Table("waits", METADATA, _text("topic", key=True), Column("work", _SERIAL, primary_key=True, nullable=False),
              Index("waits_work", "work"))  # fmt: skip
WAKES = Table("wakes", METADATA, _text("topic", key=True), _number("mark"), Index("wakes_mark", "mark"))

# Work that a limit has put off, or that was taken over, and that what came later may not overtake.
PLACES = Table("places", METADATA, Column("work", _SERIAL, primary_key=True, autoincrement=False), _text("process"),
               _text("key"), Index("places_key", "key", "process"))  # fmt: skip

# Attempts of work that go on from a step of an earlier run.
FORKS = Table("forks", METADATA, Column("work", _SERIAL, primary_key=True, autoincrement=False),
              Column("attempt", BigInteger, primary_key=True, autoincrement=False), _text("run_id"),
              _number("step"))  # fmt: skip

# How often each worker has said that it is alive, and the runs that were taken over from those that no longer did.
WORKERS = Table("workers", METADATA, _text("name", key=True), _text("release", key=True), _number("beats"), _time("at"))
FENCES = Table("fences", METADATA, _text("run_id", key=True), _time("at"))

EFFECTS = Table(
    "effects", METADATA, _text("key", key=True), _text("target"), _text("operation"), _text("state"),
    _text("reference"), _number("tries"), _text("digest"), _text("cause"), _time("planned_at"), _time("settled_at"),
    Index("effects_state", "state"), Index("effects_cause", "cause"),
)  # fmt: skip

EXCEPTIONS = Table(
    "exceptions", METADATA, _serial(), _text("kind"), _text("subject"), _text("partition_key"), _text("reason"),
    _text("owner_role"), _text("actions"), _text("waiting_on"), _text("work_id"), _time("opened_at"), _time("due_at"),
    _text("state"), _text("resolution"), _text("resolved_by"), _time("resolved_at"), _text("details"),
    Index("exceptions_work", "work_id", "state"), Index("exceptions_state", "state"),
    Index("exceptions_partition", "partition_key"),
)  # fmt: skip

# Who looks after an exception and what people wrote to it: absent until somebody does.
CARE = Table("care", METADATA, Column("seq", _SERIAL, primary_key=True, autoincrement=False), _text("assignee"),
             _text("tags"), _text("notes"))  # fmt: skip

LETTERS = Table(
    "letters", METADATA, _serial(), _text("work_id"), _text("process"), _text("subject"), _text("partition_key"),
    _text("payload"), _text("cause"), _number("tries"), _time("at"), _text("state"), _text("marked_by"),
    _time("marked_at"), Index("letters_state", "state"),
)  # fmt: skip

MAPPINGS = Table("mappings", METADATA, _text("kind", key=True), _text("key", key=True), _number("version"),
                 _text("value"))  # fmt: skip
MAPPING_VERSIONS = Table(
    "mapping_versions", METADATA, _text("kind", key=True), _text("key", key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False), _text("value"), _text("changed_by"),
    _time("at"),
)  # fmt: skip

LINKS = Table(
    "links", METADATA, _text("kind", key=True), _text("canonical", key=True), _text("system", key=True),
    _text("external"), Index("links_external", "kind", "system", "external"),
)  # fmt: skip
COUNTERS = Table("counters", METADATA, _text("name", key=True), _number("value"))
CURSORS = Table("cursors", METADATA, _text("name", key=True), _text("value"))

SPOOL = Table(
    "spool", METADATA, _serial(), _text("interface"), _text("document_key"), _text("content"), _time("at"),
    Column("file_name", Text), _number("position"), Index("spool_identity", "interface", "document_key", unique=True),
    Index("spool_file", "file_name"),
)  # fmt: skip
FILES = Table(
    "files", METADATA, _serial(), _text("name"), _text("interface"), _number("sequence"), _text("state"), _time("at"),
    Index("files_name", "name", unique=True), Index("files_state", "state"),
)  # fmt: skip

# Writes that were done, and why: for each target a chain of hashes.
TRAIL = Table(
    "trail", METADATA, _serial(), _text("key"), _text("target"), _text("operation"), _text("cause"), _text("reference"),
    _time("at"), _text("previous"), _text("hash"), Index("trail_target", "target", "seq"),
)  # fmt: skip

REPORTS = Table("reports", METADATA, _serial(), _time("at"), _text("hash"), _text("content"))

AUDIT = Table("audit", METADATA, _serial(), _text("actor"), _text("action"), _text("subject"), _text("details"),
              _time("at"), Index("audit_subject", "subject"))  # fmt: skip


def sqlite_schema() -> list[str]:
    """The statements that make all tables on SQLite, in order."""
    dialect = sqlite.dialect()
    statements = []
    for table in METADATA.sorted_tables:
        statements.append(str(CreateTable(table, if_not_exists=True).compile(dialect=dialect)))
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            statements.append(str(CreateIndex(index, if_not_exists=True).compile(dialect=dialect)))
    return statements
