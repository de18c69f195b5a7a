"""People at work: the correction queue, what a sender hears later, periods; each act leaves an audit row."""

import pytest

from .partner import Bill, customer
from .world import World, story

KUNNR = "0000100001"


async def one_parked(world: World) -> tuple[str, str]:
    """A file with a good and a bad document; returns its name and the bad one's number."""
    await world.send("CUST", 1, customer("1", KUNNR))
    base = await world.send("BILL", 1, Bill("SG-000001").idoc("2"), Bill("SG-000002", kunnr="0000999999").idoc("3"))
    await world.run()
    head, docs = await world.answers(base)
    assert head[43:46] == "PAR" and head[58:82] == "00000002" + "00000001" + "00000001"
    assert [line[51:53] for line in docs] == ["53", "51"] and docs[1][71:94].split() == ["F5", "102"]
    (queued,) = (await world.act("queue_list", STATUS="51"))["documents"]
    return base, queued["DOCNUM"]


def test_a_clerk_corrects_next_morning_and_the_sender_hears_it_next_night() -> None:
    async def body(world: World) -> None:
        base, docnum = await one_parked(world)
        edited = await world.act("queue_edit", DOCNUM=docnum, SEGNUM=1, SEGFLD="KUNNR", value=KUNNR, who="LIM")
        assert edited["STATUS"] == "69"
        original = world.erp.store.get("idoc", edited["original"])
        assert original is not None and original["STATUS"] == "70"
        assert original["segments"][0]["fields"]["KUNNR"] == "0000999999"
        done = await world.act("queue_retry", DOCNUM=docnum, who="LIM")
        assert (done["STATUS"], done["BELNR"]) == ("53", "1800000002")
        assert f"{base}.A02" not in await world.drop.listdir("subhub", "/outbound")

        await world.run()
        head, docs = await world.answers(base, "A02")
        assert head[43:46] == "OK " and head[58:82] == "00000002" + "00000002" + "00000000"
        (line,) = docs
        assert line[3:19].strip() == "3" and line[51:53] == "53" and line[57:67] == "1800000002"
        steps = [row[43:45] for row in await world.outbound(f"STATUS_{base}.02.TXT")]
        assert steps == ["50", "64", "62", "51", "69", "64", "62", "53"]
        assert [row["what"] for row in world.erp.store.find("audit")] == ["queue_edit", "queue_retry"]
        audit = world.erp.store.find("audit")[0]
        assert (audit["who"], audit["before"], audit["after"]) == ("LIM", "0000999999", KUNNR)

        await world.run()
        assert f"{base}.A03" not in await world.drop.listdir("subhub", "/outbound")

    story(body)


def test_a_changed_amount_is_what_gets_posted() -> None:
    async def body(world: World) -> None:
        await world.send("CUST", 1, customer("1", KUNNR))
        await world.send("BILL", 1, Bill("SG-000001", gross="1745.00").idoc("2"))
        await world.run()
        (queued,) = (await world.act("queue_list"))["documents"]
        await world.act("queue_edit", DOCNUM=queued["DOCNUM"], SEGNUM=2, SEGFLD="WRBTR", value="1744.00")
        assert (await world.act("queue_retry", DOCNUM=queued["DOCNUM"]))["STATUS"] == "53"
        assert world.balance("0000140000") == 1744

    story(body)


def test_a_retry_without_a_cure_stays_in_the_queue_and_twice_posts_once() -> None:
    async def body(world: World) -> None:
        base, docnum = await one_parked(world)
        assert (await world.act("queue_retry", DOCNUM=docnum))["STATUS"] == "51"
        await world.send("CUST", 2, customer("4", "0000999999"))
        await world.run()
        assert (await world.answers(base, "A02"))[1][0][51:53] == "51"
        assert (await world.act("queue_retry", DOCNUM=docnum))["STATUS"] == "53"
        with pytest.raises(ValueError, match="not in the queue"):
            await world.act("queue_retry", DOCNUM=docnum)
        assert len(world.documents("DR")) == 2

    story(body)


def test_a_discarded_document_is_final_and_says_why() -> None:
    async def body(world: World) -> None:
        base, docnum = await one_parked(world)
        await world.act("queue_discard", DOCNUM=docnum, reason="never ours")
        await world.run()
        (line,) = (await world.answers(base, "A02"))[1]
        assert line[51:53] == "68" and "never ours" in line[94:]
        for verb in ("queue_retry", "queue_edit"):
            with pytest.raises(ValueError, match="not in the queue"):
                await world.act(verb, DOCNUM=docnum, SEGNUM=1, SEGFLD="KUNNR", value=KUNNR)
        (parked,) = [row for row in world.erp.books()["document"] if row["object"] == "IDOC"]
        assert (parked["STATUS"], parked["ZWAITS"], parked["STATXT"]) == ("68", "", "Discarded: never ours")

    story(body)


@pytest.mark.parametrize(("change", "says"), [
    ({"SEGFLD": "NONE"}, "no field"), ({"value": "x" * 11}, "10 characters"), ({"SEGNUM": 99}, "no segment"),
    ({"value": "東京"}, "Latin-1"), ({"DOCNUM": "1"}, "not in the queue"),
])  # fmt: skip
def test_an_edit_that_does_not_fit(change: dict[str, object], says: str) -> None:
    async def body(world: World) -> None:
        _, docnum = await one_parked(world)
        good = {"DOCNUM": docnum, "SEGNUM": 1, "SEGFLD": "KUNNR", "value": KUNNR}
        with pytest.raises(ValueError, match=says):
            await world.act("queue_edit", **{**good, **change})
        assert world.erp.store.find("audit") == []

    story(body)


def test_a_structure_error_is_cured_by_retry_only_after_an_edit() -> None:
    async def body(world: World) -> None:
        doc = Bill("SG-000001").idoc("2")
        doc.lines[1] = doc.lines[1][:49] + "000009" + doc.lines[1][55:]
        await world.send("CUST", 1, customer("1", KUNNR))
        await world.send("BILL", 1, doc)
        await world.run()
        (queued,) = (await world.act("queue_list"))["documents"]
        assert queued["STATUS"] == "60" and "SEGNUM" in queued["messages"][0]["STATXT"]
        assert (await world.act("queue_retry", DOCNUM=queued["DOCNUM"]))["STATUS"] == "60"

    story(body)


def test_a_locked_period_refuses_and_opens_again() -> None:
    async def body(world: World) -> None:
        await world.act("lock_period", BUKRS="SG01", period="2026-01")
        await world.send("CUST", 1, customer("1", KUNNR))
        await world.send(
            "BILL", 1, Bill("SG-000001").idoc("2"), Bill("SG-000002", budat="20260201", monat="02").idoc("3")
        )
        await world.run()
        assert [row["XBLNR"] for row in world.documents()] == ["SG-000002"]
        with pytest.raises(ValueError, match="F5 201"):
            await world.act(
                "bank_receipt", BUKRS="SG01", XBLNR="SG-000002", WRBTR="1.00", WAERS="SGD", date="2026-01-31"
            )
        await world.act("lock_period", BUKRS="SG01", period="2026-01", open=True)
        (queued,) = (await world.act("queue_list"))["documents"]
        assert (await world.act("queue_retry", DOCNUM=queued["DOCNUM"]))["STATUS"] == "53"

    story(body)


def test_a_period_may_be_locked_for_one_account_type() -> None:
    async def body(world: World) -> None:
        await world.act("lock_period", BUKRS="SG01", period="2026-01", KOART="D")
        await world.send("CUST", 1, customer("1", KUNNR))
        base = await world.send("BILL", 1, Bill("SG-000001").idoc("2"))
        await world.run()
        assert (await world.answers(base))[1][0][71:94].split() == ["F5", "201"]
        for bad in ({"period": "2026-17"}, {"BUKRS": "XX01"}, {"KOART": "K"}, {"period": "soon"}):
            with pytest.raises(ValueError):
                await world.act("lock_period", **{"BUKRS": "SG01", "period": "2026-01", **bad})

    story(body)


def test_posted_and_refused_documents_are_in_the_journal() -> None:
    async def body(world: World) -> None:
        _, docnum = await one_parked(world)
        notes = [entry for entry in world.erp.journal.after(0, 10_000)[0] if entry["kind"] == "note"]
        (posted,) = [entry for entry in notes if entry["what"] == "document.posted"]
        assert (posted["XBLNR"], posted["BELNR"], posted["KUNNR"]) == ("SG-000001", "1800000001", KUNNR)
        (refused,) = [entry for entry in notes if entry["what"] == "idoc.status" and entry["STATUS"] == "51"]
        assert refused["DOCNUM"] == docnum and "not defined" in refused["text"]
        whats = [entry["what"] for entry in notes]
        assert whats[0] == "window.opened" and whats[-1] == "window.closed" and whats.count("file.accepted") == 2

    story(body)
