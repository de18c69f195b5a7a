"""What one core left behind and the other did not, in sentences that a finance person reads."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.canon import Canon, Customer
from harness.compare import compare, sentences
from harness.report.comparison import comparison_json
from harness.simulation import play
from tests.broken import stories
from tests.broken.defect import defect, flights
from tests.harness.test_checkers import agreeing_books

Edit = Callable[[Canon], object]


def posting(canon: Canon) -> int:
    return next(index for index, one in enumerate(canon.documents) if one.system in ("erp_cloud", "erp_legacy"))


def twice(canon: Canon) -> None:
    one = canon.documents[posting(canon)]
    canon.documents.append(replace(one, id="again", open=one.open + 100))


def echo(canon: Canon) -> None:
    mine = canon.receipts_of("subscriptions")[0]
    born = replace(mine, key="NS-9")
    canon.receipts[canon.receipts.index(mine)] = born
    canon.receipts += [replace(mine, system="erp_cloud", key=key) for key in ("NS-9", f"CB:{mine.id}")]


def unseen(canon: Canon) -> None:
    canon.documents[:] = [one for one in canon.documents if one.system != "salesforce"]


def stale(canon: Canon) -> None:
    for index, one in enumerate(canon.documents):
        if one.system == "salesforce":
            canon.documents[index] = replace(one, open=one.open + 1)


def customers(canon: Canon) -> None:
    one = next(one for one in canon.customers if one.system == "erp_cloud" and one.account)
    canon.customers.append(Customer("erp_cloud", "again", one.account, one.entity, one.name))


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (twice, "2 invoices for one bill in the cloud ERP"),
        (twice, "the ledger wants"),
        (lambda canon: canon.documents.pop(posting(canon)), "no posting for a bill"),
        (echo, "one payment booked twice"),
        (lambda canon: canon.receipts.clear() or canon.receipts, ""),
        (unseen, "the account team does not see"),
        (stale, "Salesforce shows"),
        (customers, "2 customers for one account in the cloud ERP"),
        (lambda canon: (canon.contracts.clear(), canon.documents.clear()), "a deal was won and never billed"),
    ],
)
def test_each_difference_has_its_sentence(edit: Edit, words: str) -> None:
    canon = agreeing_books()
    assert list(sentences(canon)) == []
    edit(canon)
    told = list(sentences(canon))
    assert any(words in sentence for sentence in told) if words else told == []


def test_a_planted_defect_is_told_apart_from_the_real_core() -> None:
    ours = play(stories.transfer(), replay=False)
    theirs = next(flights(defect("ledger_posts_twice")))
    made = compare(ours, theirs)
    assert any(sentence.startswith("2 invoices for one bill") for sentence in made.differences)
    assert comparison_json(made, 1.0)["differences"] == made.differences
    assert compare(ours, ours).differences == []
