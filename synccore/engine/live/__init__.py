"""The real ends of the ports: the system's time and chance, HTTP and databases (SFTP is imported only if used)."""

from synccore.engine.live.chance import SystemChance
from synccore.engine.live.clock import LiveClock, clock_of
from synccore.engine.live.http import HttpTransport
from synccore.engine.thread_database import ThreadDatabase

__all__ = ["HttpTransport", "LiveClock", "SystemChance", "ThreadDatabase", "clock_of"]
