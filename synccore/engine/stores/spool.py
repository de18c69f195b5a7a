"""Documents on their way into a batch file, and the files they went out in."""

from synccore.engine.session import Session, dump, insert, load
from synccore.engine.tables import FILES, SPOOL
from synccore.ports.stores import Json

_ADD = insert(SPOOL, ignore=True)
_WAITING = "SELECT document_key, content FROM spool WHERE interface = :interface AND file_name IS NULL ORDER BY seq"
_ASSIGN = (
    "UPDATE spool SET file_name = :file_name, position = :position"
    " WHERE interface = :interface AND document_key = :document_key"
)
_ADD_FILE = insert(FILES) + (" ON CONFLICT (name) DO UPDATE SET state = 'planned', sequence = :sequence, at = :at")
_FILE_OF = "SELECT file_name FROM spool WHERE interface = :interface AND document_key = :document_key"
_FILES = "SELECT name, interface, sequence, at FROM files WHERE state = :state ORDER BY seq"
_DOCUMENTS = "SELECT document_key, content FROM spool WHERE file_name = :file_name ORDER BY position, seq"
_MARK = "UPDATE files SET state = :state, at = :at WHERE name = :name"
_BACK = "UPDATE spool SET file_name = NULL WHERE file_name = :file_name"


class SqlSpool:
    """See `ports.stores.Spool`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, interface: str, document_key: str, content: Json, at: float) -> bool:
        """Queue a document; False when it is queued or sent already."""
        return self._session.write(
            _ADD, interface=interface, document_key=document_key, content=dump(content), at=at, file_name=None,
            position=0,
        ) == 1  # fmt: skip

    def waiting(self, interface: str) -> list[tuple[str, Json]]:
        """Documents not yet in a file: (document_key, content), oldest first."""
        return [(row[0], load(row[1])) for row in self._session.rows(_WAITING, interface=interface)]

    def assign(self, interface: str, document_keys: list[str], file_name: str, sequence: int, at: float) -> None:
        """These documents are in this file (state `planned`) from now on."""
        self._session.write(
            _ADD_FILE, name=file_name, interface=interface, sequence=sequence, state="planned", at=at
        )  # fmt: skip
        for position, key in enumerate(document_keys):
            self._session.write(
                _ASSIGN, interface=interface, document_key=key, file_name=file_name, position=position
            )  # fmt: skip

    def file_of(self, interface: str, document_key: str) -> str | None:
        """The file a document went out in."""
        row = self._session.row(_FILE_OF, interface=interface, document_key=document_key)
        return None if row is None else row[0]

    def files(self, state: str) -> list[dict[str, Json]]:
        """Files in a state, oldest first: {name, interface, sequence, at, documents: [[document_key, content]]}."""
        return [
            {
                "name": row[0], "interface": row[1], "sequence": row[2], "at": row[3],
                "documents": [[found[0], load(found[1])] for found in self._session.rows(_DOCUMENTS, file_name=row[0])],
            }
            for row in self._session.rows(_FILES, state=state)
        ]  # fmt: skip

    def mark_file(self, file_name: str, state: str, at: float) -> None:
        """Move a file on; `rejected` puts its documents back to waiting under the same sequence."""
        self._session.write(_MARK, name=file_name, state=state, at=at)
        if state == "rejected":
            self._session.write(_BACK, file_name=file_name)
