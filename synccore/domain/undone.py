"""What a write of ours has undone: a platform that takes no condition with a change says afterwards what it changed."""

from collections.abc import Callable, Iterable, Sequence

from synccore.domain.agreements import Part, Unfit, Version

Wish = Callable[[tuple[Part, ...]], tuple[Part, ...] | Unfit]


def marked(history: Iterable[Version], marker: str) -> Version | None:
    """The version that first carried a mark: later ones carry it too, whoever made them."""
    return next((one for one in history if one.marker == marker), None)


def undone(history: Sequence[Version], marker: str, wish: Wish) -> tuple[Version, tuple[Part, ...]] | Unfit | None:
    """The version before ours, and how the items differ from our wish for that one: (signed) quantities, and the price
    where it is another one. None when ours is what came of our wish: nobody had changed the items since we read them.
    """
    ours = marked(history, marker)
    before = [one for one in history if ours is not None and one.number < ours.number]
    if ours is None or not before:
        return None
    wanted = wish(before[-1].parts)
    if isinstance(wanted, Unfit):
        return wanted
    steps = tuple(_steps(wanted, ours.parts))
    return (before[-1], steps) if steps else None


def _steps(wanted: Iterable[Part], held: Iterable[Part]) -> Iterable[Part]:
    there = {part.price: part for part in held}
    for part in wanted:
        now = there.pop(part.price, None)
        other = now is None or part.unit_price not in (None, now.unit_price)
        quantity = part.quantity - (now.quantity if now is not None else 0)
        if quantity or other:
            yield part.model_copy(update={"quantity": quantity, "unit_price": part.unit_price if other else None})
    for part in there.values():
        yield part.model_copy(update={"quantity": -part.quantity, "unit_price": None})


def stepped(parts: Iterable[Part], steps: Iterable[Part]) -> tuple[Part, ...] | Unfit:
    """The parts with such differences made good; a price that the step does not name stays."""
    held = {part.price: part for part in parts}
    for step in steps:
        now = held.get(step.price)
        if now is None:
            held[step.price] = step
            continue
        price = now.unit_price if step.unit_price is None else step.unit_price
        held[step.price] = now.model_copy(update={"quantity": now.quantity + step.quantity, "unit_price": price})
    wrong = [part.price for part in held.values() if part.quantity < 0 or (part.plan and part.quantity == 0)]
    if wrong:
        return Unfit("deal_incomplete", f"together they leave less than one of {', '.join(wrong)}")
    return tuple(part for part in held.values() if part.quantity)
