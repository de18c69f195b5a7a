"""The legacy ERP's file drop as the core uses it: data file, then control file, each under its final name at last."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from functools import partial
from typing import TypeVar

from synccore.domain.books import Book, Names
from synccore.domain.extracts import OutboundFile
from synccore.domain.legacy import HandedOver, LegacyFile
from synccore.ports.clock import Clock
from synccore.ports.files import FileDrop
from synccore.ports.holding import SENDING
from synccore.ports.outcomes import Later
from synccore.ports.postings import Stranger
from synccore.ports.transport import NoAnswer, NotSent
from synccore.systems import books_legacy, customer_list
from synccore.systems.breaker import Target
from synccore.systems.client import OnCall
from synccore.systems.credentials import LegacyErpAccess
from synccore.systems.idoc import ENCODING, data_and_control
from synccore.systems.idoc_reading import NAME, file_of, place_of

INBOUND, OUTBOUND = "/inbound", "/outbound"
TAKEN_UP = ("/archive", "/error")
RETRY_S = 30.0

T = TypeVar("T")


class LegacyErpAdapter:
    """Implements ports.systems.LegacyErp."""

    def __init__(self, access: LegacyErpAccess, files: FileDrop, clock: Clock, on_call: OnCall | None = None) -> None:
        self._access, self._files, self._clock, self._on_call = access, files, clock, on_call
        self._target = Target("erp_legacy", clock, asyncio.Semaphore(1))

    async def reachable(self) -> None:
        """One listing."""
        await self._do("drop.list", lambda: self._files.listdir(OUTBOUND))

    async def deliver(self, file: LegacyFile) -> None:
        """Read what is there before writing: a control file under its final name means that it is done."""
        data, control = data_and_control(file, self._access)
        inbound = await self._do("drop.list", lambda: self._files.listdir(INBOUND))
        if f"{file.name}.CTL" in inbound or await self._taken_up(file.name):
            return
        for suffix, content in ((".DAT", data), (".CTL", control)):
            if f"{file.name}{suffix}" in inbound:
                continue  # its final name says that it is whole
            name = f"{INBOUND}/{file.name}{suffix}"
            await self._do("drop.write", partial(self._files.write, f"{name}.tmp", content))
            if await self._do("drop.read", partial(self._files.read, f"{name}.tmp")) != content:
                raise Later(RETRY_S, f"erp_legacy: {name}.tmp did not arrive whole")
            await self._do("drop.rename", partial(self._files.rename, f"{name}.tmp", name))

    async def outbound(self, known: Sequence[str]) -> list[OutboundFile]:
        """Answers come before extracts, so that the numbers of our own payments are known when they are told back."""
        names = await self._do("drop.list", lambda: self._files.listdir(OUTBOUND))
        fresh = [name for name in names if name not in known and (_is_answer(name) or name.startswith("ZSUBPAY_"))]
        found = []
        for name in sorted(fresh, key=lambda name: (not _is_answer(name), name)):
            content = await self._do("drop.read", partial(self._files.read, f"{OUTBOUND}/{name}"))
            found.append(OutboundFile(name, content.decode(ENCODING)))
        return found

    async def strangers(self, company: str) -> list[Stranger] | None:
        """By the latest list in the outbound folder."""
        names = [name for name in await self._do("drop.list", lambda: self._files.listdir(OUTBOUND))
                 if name.startswith(customer_list.PREFIX)]  # fmt: skip
        if not names:
            return None
        name = max(names)
        content = await self._do("drop.read", partial(self._files.read, f"{OUTBOUND}/{name}"))
        return customer_list.read(name, content.decode(ENCODING), company)

    async def handed_over(self, known: Collection[str]) -> list[HandedOver]:
        """By the folders of the drop; of what an answer alone is left there is none but the name."""
        found: dict[str, str] = {}  # base name -> the folder of its data file; one on its way is in the later folder
        controls: set[str] = set()
        for folder in (INBOUND, *TAKEN_UP):
            names = await self._do("drop.list", partial(self._files.listdir, folder))
            controls |= {name.removesuffix(".CTL") for name in names if name.endswith(".CTL")}
            found |= {name.removesuffix(".DAT"): folder for name in names if name.endswith(".DAT")}
        listed = await self._do("drop.list", lambda: self._files.listdir(OUTBOUND))
        answered = {name.rpartition(".")[0] for name in listed if _is_answer(name)}
        ours = [name for name in {*found, *controls, *answered} if self._is_ours(name) and name not in known]
        over = []
        for name in sorted(ours, key=lambda name: (place_of(name), name)):
            file = None
            if name in found:
                data = await self._do("drop.read", partial(self._files.read, f"{found[name]}/{name}.DAT"))
                with suppress(ArithmeticError, LookupError, ValueError):
                    file = file_of(name, data)
            over.append(HandedOver(name, file, whole=name in controls or name in answered))
        return over

    def _is_ours(self, name: str) -> bool:
        named = NAME.fullmatch(name)
        return named is not None and named[2] == self._access.partner

    async def book(self, names: Names, told: Sequence[OutboundFile]) -> Book:
        """All answers and payment extracts, and the latest list of open items."""
        listed = await self._do("drop.list", lambda: self._files.listdir(OUTBOUND))
        lists = [name for name in listed if name.startswith(books_legacy.OPEN_ITEMS)]
        wanted = [name for name in listed if _is_answer(name) or name.startswith(books_legacy.PAYMENTS)]
        files = {file.name: file for file in told}
        for name in (*wanted, *sorted(lists)[-1:]):
            content = await self._do("drop.read", partial(self._files.read, f"{OUTBOUND}/{name}"))
            files[name] = OutboundFile(name, content.decode(ENCODING))
        return books_legacy.book(files.values(), names)

    async def _taken_up(self, base: str) -> bool:
        for folder in TAKEN_UP:
            if f"{base}.CTL" in await self._do("drop.list", partial(self._files.listdir, folder)):
                return True
        names = await self._do("drop.list", lambda: self._files.listdir(OUTBOUND))
        return any(_is_answer(answer) and answer.startswith(f"{base}.") for answer in names)

    async def _do(self, operation: str, act: Callable[[], Awaitable[T]]) -> T:
        """Whatever goes wrong here is tried again from the listing on: nothing is final before the control file is.

        A missing file is what a repeated rename meets, a refused sign-in passes; only an outage does not count.
        """
        self._target.check()
        write = SENDING.get()
        if write is not None and self._clock.wire() > write.until:
            raise Later(RETRY_S, f"erp_legacy {operation}: not done in its time, perhaps another has", counts=False)
        try:
            result = await act()
        except (NotSent, NoAnswer) as error:
            self._count(operation, "not_sent" if isinstance(error, NotSent) else "no_answer")
            self._target.failed(f"erp_legacy {operation}: {error}")
            outage = self._target.outage(f"erp_legacy {operation}: {error}")
            outage.delay_s = max(outage.delay_s, RETRY_S)
            raise outage from None
        except (FileNotFoundError, PermissionError) as error:
            self._target.answered()
            self._count(operation, "refused")
            raise Later(RETRY_S, f"erp_legacy {operation} refused: {error}") from None
        self._target.answered()
        self._count(operation, "ok")
        return result

    def _count(self, operation: str, outcome: str) -> None:
        if self._on_call is not None:
            self._on_call("erp_legacy", operation, outcome)


def _is_answer(name: str) -> bool:
    suffix = name.rpartition(".")[2]
    return suffix in ("ACK", "REJ") or (suffix[:1] == "A" and suffix[1:].isdigit())
