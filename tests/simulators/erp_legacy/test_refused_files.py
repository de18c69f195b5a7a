"""Whole files that are refused, held or left alone: each code of the control file, in the documented order."""

from collections.abc import Callable

import pytest

from .partner import Bill, control, control_file, customer, data, data_file, pair
from .world import World, story

KUNNR = "0000100001"
BASE = "BILL_SUBHUB_20260105_000001"


def one_bill() -> list:
    return [Bill("SG-000001").idoc("2")]


async def refused(world: World, base: str, code: str) -> str:
    run = await world.run()
    (head,) = await world.outbound(f"{base}.REJ")
    assert head[:3] == head[43:46] == "REJ" and head[3:43].strip() == base[:40]
    assert head[46:58].strip() == code[:12], head
    assert len(code) <= 12 or code in head
    assert run["rejected"] == 1 and world.documents() == []
    assert f"{base}.CTL" in await world.drop.listdir("subhub", "/error")
    assert await world.drop.listdir("subhub", "/inbound") == []
    notes = [entry for entry in world.erp.journal.after(0, 10_000)[0] if entry.get("what") == "file.rejected"]
    assert notes[-1]["code"] == code
    return head


def damaged(change: Callable[[bytes], bytes]) -> tuple[bytes, bytes]:
    """Content damaged before the control file was made: sound transfer, wrong content."""
    docs = one_bill()
    content = change(data_file(docs))
    return content, control_file(BASE, "BILL", 1, docs, content)


def no_change(content: bytes) -> bytes:
    return content


WRONG_CONTROL = {
    "CTL_CHECKSUM": {"sha": "0" * 64},
    "CTL_LENGTH": {"bytes": f"{17:012d}"},
    "CTL_COUNT": {"segments": f"{9:08d}"},
    "CTL_TOTAL": {"debit": f"{1:018d}"},
    "CTL_HASH": {"kunhash": f"{1:016d}"},
    "UNKNOWN_PARTNER": {"sender": "NOBODY"},
    "BAD_IFACE": {"iface": "ORDR"},
    "BAD_RECORD": {"idocs": "one"},
}


@pytest.mark.parametrize("code", WRONG_CONTROL)
def test_a_control_file_that_disagrees(code: str) -> None:
    async def body(world: World) -> None:
        docs = one_bill()
        content = data_file(docs)
        await world.put(BASE, content, control_file(BASE, "BILL", 1, docs, content, **WRONG_CONTROL[code]))
        await refused(world, BASE, code)
        # The number was not used up: a corrected resend of the same one goes through.
        resend = await world.send("BILL", 1, *docs, resend="R1")
        assert (await world.run())["rejected"] == 0
        assert (await world.answers(resend))[0][43:46] == "PAR"  # no such customer yet, but the file is accepted

    story(body)


@pytest.mark.parametrize("count", ["idocs", "lines"])
def test_every_count_is_looked_at(count: str) -> None:
    async def body(world: World) -> None:
        docs = one_bill()
        content = data_file(docs)
        await world.put(BASE, content, control_file(BASE, "BILL", 1, docs, content, **{count: f"{77:08d}"}))
        await refused(world, BASE, "CTL_COUNT")

    story(body)


WRONG_CONTENT: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "short line": ("RECLEN", lambda content: content.replace(b"EDI_DC40  ", b"EDI_DC40 ", 1)),
    "lone line feed": ("RECLEN", lambda content: content.replace(b"\r\n", b"\n")),
    "no end of line": ("RECLEN", lambda content: content[:-2]),
    "UTF-8 letters": ("RECLEN", lambda content: content.replace(b"Windtunnel", "Windtünnel".encode(), 1)),
    "euro sign in CP1252": ("CHARSET", lambda content: content.replace(b"Windtunnel", b"Windtunne\x80", 1)),
    "byte order mark": ("CHARSET", lambda content: b"\xef\xbb\xbf" + content),
    "zero byte": ("CHARSET", lambda content: content.replace(b"Windtunnel", b"Windtunne\x00", 1)),
    "data before control": ("BAD_RECORD", lambda content: content[526:]),
    "another document's number": ("BAD_RECORD", lambda content: content.replace(b"1002 ", b"1003 ", 2)),
    "amount with a comma": ("BAD_RECORD", lambda content: content.replace(b"1744.00", b"1744,00")),
    "amount with three decimals": ("BAD_RECORD", lambda content: content.replace(b" 1744.00", b"1744.000")),
    "side that is none": ("BAD_RECORD", lambda content: content.replace(b"S         1744.00", b"X         1744.00")),
}


@pytest.mark.parametrize("case", WRONG_CONTENT)
def test_content_that_cannot_be_read(case: str) -> None:
    code, change = WRONG_CONTENT[case]

    async def body(world: World) -> None:
        content, control_lines = damaged(change)
        assert content != data_file(one_bill()), "the case must change something"
        await world.put(BASE, content, control_lines)
        await refused(world, BASE, code)

    story(body)


def test_half_a_file_is_a_wrong_length() -> None:
    async def body(world: World) -> None:
        base, content, control_lines = pair("BILL", 1, one_bill())
        await world.put(base, content[: len(content) // 2], control_lines)
        assert "bytes" in await refused(world, base, "CTL_LENGTH")

    story(body)


@pytest.mark.parametrize(("change", "code"), [
    (lambda text: text.replace("END", "FIN", 1), "BAD_RECORD"),
    (lambda text: text + "TOT".ljust(120) + "\r\n", "BAD_RECORD"),
    (lambda text: "", "BAD_RECORD"),
    (lambda text: text[:-2], "RECLEN"),
    (lambda text: text.replace("BILL_SUBHUB_20260105", "BILL_SUBHUB_20260106"), "BAD_RECORD"),
    (lambda text: text.replace("CTL", "CT"), "RECLEN"),
    (lambda text: text.replace("ERPLEG", "ERP\x81EG"), "CHARSET"),
])  # fmt: skip
def test_a_control_file_that_cannot_be_read(change: Callable[[str], str], code: str) -> None:
    async def body(world: World) -> None:
        base, content, control_lines = pair("BILL", 1, one_bill())
        await world.put(base, content, change(control_lines.decode("latin-1")).encode("latin-1"))
        await refused(world, base, code)

    story(body)


@pytest.mark.parametrize("base", ["invoice", "BILL_SUBHUB_2026-01-05_1", "BILL_SUBHUB_20260105_000001X1", "x" * 60])
def test_a_name_that_follows_no_rule(base: str) -> None:
    async def body(world: World) -> None:
        await world.put(base, b"", b"")
        await refused(world, base, "BAD_RECORD")

    story(body)


def test_an_interface_that_is_not_agreed_with_the_partner() -> None:
    async def body(world: World) -> None:
        base = await world.send("BILL", 1, *one_bill(), user="bank01", sender="BANK01")
        await world.run()
        (head,) = await world.outbound(f"{base}.REJ", "bank01")
        assert head[46:58].strip() == "BAD_IFACE"

    story(body)


def test_nobody_sends_in_anothers_name() -> None:
    async def body(world: World) -> None:
        base = await world.send("PAY", 1, customer("1", KUNNR), user="bank01", sender="SUBHUB")
        await world.run()
        (head,) = await world.outbound(f"{base}.REJ", "bank01")
        assert head[46:58] == "UNKNOWN_PART" and "UNKNOWN_PARTNER" in head

    story(body)


def test_a_number_that_came_before_is_refused_and_uses_nothing_up() -> None:
    async def body(world: World) -> None:
        await world.send("CUST", 1, customer("1", KUNNR))
        await world.run()
        again = await world.send("CUST", 1, customer("2", KUNNR), resend="R1")
        await world.run()
        (head,) = await world.outbound(f"{again}.REJ")
        assert head[46:58].strip() == "DUP_SEQ"
        after = await world.send("CUST", 2, customer("3", KUNNR))
        await world.run()
        assert (await world.answers(after))[0][43:46] == "OK "

    story(body)


def test_a_gap_holds_the_file_until_the_missing_one_comes() -> None:
    async def body(world: World) -> None:
        second = await world.send("CUST", 2, customer("2", "0000100002"))
        run = await world.run()
        assert run["held"] == 1 and f"{second}.CTL" in await world.drop.listdir("subhub", "/inbound")
        held = world.erp.store.first("batchfile", state="held")
        assert held is not None and held["text"] == "waiting for 000001"
        first = await world.send("CUST", 1, customer("1", KUNNR))
        await world.run()
        for base in (first, second):
            assert (await world.answers(base))[0][43:46] == "OK "

    story(body)


def test_a_gap_that_nobody_closes_is_refused_after_some_days() -> None:
    async def body(world: World) -> None:
        base = await world.send("CUST", 2, customer("2", "0000100002"))
        await world.until("2026-01-08T12:00")  # nights of 5, 6, 7
        assert f"{base}.REJ" not in await world.drop.listdir("subhub", "/outbound")
        await world.until("2026-01-09T12:00")
        (head,) = await world.outbound(f"{base}.REJ")
        assert head[46:58].strip() == "SEQ_GAP" and "waiting for 000001" in head

    story(body)


def test_numbers_run_per_interface_and_sender() -> None:
    async def body(world: World) -> None:
        await world.send("CUST", 1, customer("1", KUNNR))
        await world.send("BILL", 1, Bill("SG-000001").idoc("2"))
        await world.send("PAY", 1, customer("3", KUNNR), user="bank01", sender="BANK01")
        assert (await world.run())["rejected"] == 0
        done = await world.act("reset_sequence", SNDPRN="SUBHUB", IFACE="CUST", last=0)
        assert done["before"] == 1
        base = await world.send("CUST", 1, customer("4", KUNNR), resend="R1")
        await world.run()
        assert (await world.answers(base))[0][43:46] == "OK "
        assert [row["what"] for row in world.erp.store.find("audit")] == ["reset_sequence"]

    story(body)


def test_a_control_file_without_data_waits_one_window() -> None:
    async def body(world: World) -> None:
        base, _, control_lines = pair("CUST", 1, [customer("1", KUNNR)])
        await world.put(base, None, control_lines)
        assert (await world.run())["held"] == 1
        await refused(world, base, "NO_DATA")

    story(body)


def test_data_that_comes_late_is_taken_after_all() -> None:
    async def body(world: World) -> None:
        base, content, control_lines = pair("CUST", 1, [customer("1", KUNNR)])
        await world.put(base, None, control_lines)
        await world.run()
        await world.put(base, content, None)
        await world.run()
        assert (await world.answers(base))[0][43:46] == "OK "

    story(body)


def test_without_a_control_file_nothing_is_touched() -> None:
    async def body(world: World) -> None:
        base, content, _ = pair("CUST", 1, [customer("1", KUNNR)])
        await world.put(base, content, None)
        await world.drop.write("subhub", f"/inbound/{base}.CTL.tmp", b"not yet")
        for _ in range(3):
            assert (await world.run())["files"] == 0
        assert await world.drop.listdir("subhub", "/inbound") == [f"{base}.CTL.tmp", f"{base}.DAT"]

    story(body)


def test_the_same_content_under_a_new_number() -> None:
    async def body(world: World) -> None:
        await world.send("CUST", 1, customer("1", KUNNR))
        await world.run()
        base = await world.send("CUST", 2, customer("1", KUNNR))
        await world.run()
        (head,) = await world.outbound(f"{base}.REJ")
        assert head[46:58].strip() == "DUP_FILE"

    story(body, duplicate_file_check=True)


def test_a_credit_memos_tax_may_be_counted_on_either_side() -> None:
    async def body(world: World) -> None:
        memo = Bill("SG-CN-1", blart="DG", rebzg="SG-000001")
        await world.send("CUST", 1, customer("1", KUNNR))
        docs = [Bill("SG-000001").idoc("2"), memo.idoc("3")]
        content = data_file(docs)
        base = "BILL_SUBHUB_20260105_000001"
        literal = control_file(base, "BILL", 1, docs, content, debit=f"{334400:018d}", credit=f"{363200:018d}")
        await world.put(base, content, literal)
        await world.run()
        assert (await world.answers(base))[0][43:46] == "OK "

    story(body)


def test_totals_are_per_currency() -> None:
    async def body(world: World) -> None:
        await world.send("CUST", 1, customer("1", KUNNR))
        yen = Bill("SG-000002", waers="JPY", gross="120000", net=(("0000400100", "120000"),),
                   tax=(("A0", "0.000", "120000", "0"),), mwskz="A0")  # fmt: skip
        base = await world.send("BILL", 1, Bill("SG-000001").idoc("2"), yen.idoc("3"))
        await world.run()
        assert (await world.answers(base))[0][43:46] == "OK "
        assert world.balance("0000140000", currency="JPY") == 120000
        assert world.balance("0000140000", "DMBTR") == 1744 + 1032

    story(body)


def test_an_empty_file_is_no_error() -> None:
    async def body(world: World) -> None:
        base = await world.send("CUST", 1)
        await world.run()
        assert (await world.answers(base))[0][58:66] == "0" * 8

    story(body)


def test_structure_and_profile_stop_single_documents() -> None:
    async def body(world: World) -> None:
        head = Bill("SG-000001").idoc("2")
        wrong_number, wrong_segment, wrong_type = (Bill("SG-000001").idoc(number) for number in ("3", "4", "5"))
        wrong_number.lines[1] = wrong_number.lines[1][:49] + "000009" + wrong_number.lines[1][55:]
        wrong_segment.lines[-1] = data("4", len(wrong_segment.lines) - 1, "E1EDK01", "x")
        wrong_segment.credit -= 144
        wrong_type.lines[0] = control("5", "INVOIC")
        await world.send("CUST", 1, customer("1", KUNNR))
        base = await world.send("BILL", 1, head, wrong_number, wrong_segment, wrong_type)
        await world.run()
        first, docs = await world.answers(base)
        assert first[43:46] == "PAR" and [line[51:53] for line in docs] == ["53", "60", "60", "56"]

    story(body)
