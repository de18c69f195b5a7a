"""Random business that could happen: each act is one that customers, sellers and banks can do at that moment.

Rounds end with days of rest, so what an act needs (a bill, a posting, a cleared payment) is there in the next round; if
it is not, something was not brought to its end, and that is a finding.
"""

from dataclasses import dataclass
from random import Random
from typing import Any, Literal

Json = dict[str, Any]
State = Literal["billed", "paid", "changed", "done"]

BUYERS: tuple[Json, ...] = (
    {"id": "hudson", "name": "Hudson Analytics", "entity": "US", "country": "US", "state": "NY", "city": "New York",
     "pays_by": "card"},
    {"id": "lakeside", "name": "Lakeside Logistics", "entity": "US", "country": "US", "state": "IL", "city": "Chicago",
     "pays_by": "transfer"},
    {"id": "merlion", "name": "Merlion Freight", "entity": "SG", "country": "SG", "city": "Singapore",
     "tax_id": "201912345K", "pays_by": "transfer"},
    {"id": "orchard", "name": "Orchard Retail", "entity": "SG", "country": "SG", "city": "Singapore",
     "tax_id": "201912346K", "pays_by": "card"},
    {"id": "rhone", "name": "Rhone Logistique", "entity": "DE", "country": "FR", "city": "Lyon",
     "tax_id": "FR83404833048", "pays_by": "transfer"},
)  # fmt: skip
DEALS_MAX = 4  # in a story: what more would show is shown by another seed


@dataclass
class Deal:
    """A won deal: whose it is, how it was sold, and how far it has come."""

    id: str
    buyer: Json
    seats: int  # of the yearly plan; 0: services alone
    metered: bool
    collected: bool  # the platform knew the card when it was billed, and has collected by itself
    state: State = "billed"
    change: str = ""  # the renewal or amendment that was won last
    sold: int = 0  # what that sells


class Business:
    """A company's business, drawn act by act."""

    def __init__(self, chance: Random, metered: bool = False, fickle: bool = False) -> None:
        self._chance = chance
        self._metered = metered  # all is used by the call wherever it can be
        self._fickle = fickle  # who has paid gets it back or changes his mind, and nobody lets a day pass
        self._buyers = list(BUYERS)
        self._chance.shuffle(self._buyers)
        self._known: list[Json] = []
        self._deals: list[Deal] = []
        self._cards: set[str] = set()
        self._events = 0

    def round(self) -> list[Json]:
        """What people do on one day, as steps of a story; what sets the core to work most, won deals, comes last."""
        chance, before = self._chance, list(self._deals)
        steps: list[Json] = []
        for deal in before:
            if chance.random() < (1.0 if self._fickle else 0.7):
                steps += self._act(deal)
        won: list[str] = []
        while len(self._deals) < DEALS_MAX and (not self._deals or chance.random() < 0.5):
            won += self._sell(steps)
        if won:
            steps.append({"close": won})
        return steps

    def _sell(self, steps: list[Json]) -> list[str]:
        chance = self._chance
        if self._buyers and (not self._known or chance.random() < 0.6):
            buyer = self._buyers.pop()
            self._known.append(buyer)
            steps.append({"customer": buyer})
        buyer = chance.choice(self._known)
        seats = chance.choice((0, chance.randint(1, 12), chance.randint(1, 12)))
        metered = bool(seats) and buyer["entity"] != "DE" and (chance.random() < 0.25 or self._metered)
        lines: list[Json] = [{"sku": "PLAT-ANNUAL", "quantity": seats}] if seats else []
        if not seats or chance.random() < 0.5:
            lines.append({"sku": "ONBOARD", "quantity": chance.randint(1, 3)})
        if metered:
            lines.append({"sku": "API-CALLS"})
        name = f"{buyer['id']}-{len(self._deals) + 1}"
        self._deals.append(Deal(name, buyer, seats, metered, buyer["id"] in self._cards))
        steps.append({"deal": {"id": name, "customer": buyer["id"], "lines": lines}})
        return [name]

    def _act(self, deal: Deal) -> list[Json]:
        if deal.metered and self._chance.random() < (0.8 if self._metered else 0.4):
            return self._use(deal)
        if deal.state == "billed":
            return self._pay(deal) if self._chance.random() < (0.6 if self._fickle else 0.8) else self._change(deal)
        if deal.state == "changed":
            return self._second_thoughts(deal, deal.change, deal.sold)
        return self._afterwards(deal) if deal.state == "paid" else []

    def _use(self, deal: Deal) -> list[Json]:
        self._events += 1
        return [{"consume": {"deal": deal.id, "meter": "api-calls", "quantity": str(self._chance.randint(1, 20_000)),
                             "id": f"use-{self._events}", "times": self._chance.choice((1, 1, 2))}}]  # fmt: skip

    def _pay(self, deal: Deal) -> list[Json]:
        deal.state = "paid"
        if deal.buyer["pays_by"] == "card":
            if deal.collected:
                return []
            self._cards.add(deal.buyer["id"])
            return [{"pay_by_card": {"deal": deal.id}}]
        if self._chance.random() < 0.3:
            part = {"deal": deal.id, "amount": self._chance.choice((500, 1000)), "if_due": True}
            return [{"transfer": part}, {"transfer": dict(part)}]
        return [{"transfer": {"deal": deal.id, "if_due": True}}]

    def _change(self, deal: Deal) -> list[Json]:
        if not deal.seats:
            return [{"credit": {"deal": deal.id, "amount": self._chance.randint(1, 900)}}]
        if not deal.metered and not deal.collected and self._chance.random() < 0.4:
            return self._second_thoughts(deal, deal.id, deal.seats)
        deal.state = "done"
        seats = self._chance.randint(1, 15)
        if seats == deal.seats:
            return []
        return [{"platform_change": {"deal": deal.id, "seats": seats}}]

    def _second_thoughts(self, deal: Deal, name: str, seats: int) -> list[Json]:
        """What was won is edited, or set back and perhaps won again; then the deal is left alone."""
        deal.state = "done"
        if self._chance.random() < 0.5:
            sold = max(1, seats + self._chance.choice((-1, 1, 3)))
            return [{"edit_deal": {"deal": name, "lines": {"PLAT-ANNUAL": sold}}}]
        steps: list[Json] = [{"reopen": [name]}]
        if name != deal.id and self._chance.random() < 0.5:
            steps += [{"settle": {}}, {"close": [name]}]
        return steps

    def _afterwards(self, deal: Deal) -> list[Json]:
        """What may follow once a bill is paid; then the deal is left alone."""
        chance, card = self._chance, deal.buyer["pays_by"] == "card"
        deal.state = "done"
        acts = ["chargeback", "refund"] if card else ["bank_return"]
        if deal.seats:
            acts += ["platform_change"] if self._fickle else ["amendment", "renewal", "cancel", "platform_change"]
        act = chance.choice(acts)
        if act == "refund":
            return [{"refund": {"deal": deal.id, "amount": chance.randint(1, 900)}}]
        if act in ("amendment", "renewal"):
            name = f"{deal.id}-{act}"
            sold = chance.randint(1, 5) + (deal.seats if act == "renewal" else 0)
            lines: list[Json] = [{"sku": "PLAT-ANNUAL", "quantity": sold}]
            deal.state, deal.change, deal.sold = "changed", name, sold
            offer = {"id": name, "type": act, "of": deal.id, "customer": deal.buyer["id"], "lines": lines}
            return [{"deal": offer}, {"close": [name]}]
        if act == "platform_change":
            return [{act: {"deal": deal.id, "seats": deal.seats + chance.randint(1, 4)}}]
        if act == "cancel":
            deal.metered = False  # what is used after that is for a person
        return [{act: {"deal": deal.id}}]
