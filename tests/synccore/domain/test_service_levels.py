"""How service levels count: what was done in time, what is late from its bound on, and when an alert burns."""

from synccore.domain.service_levels import WINDOW_S, Alert, Level, Objective, Turn, level

SOON = Objective("soon", "it is done within 100 s", "erp_cloud", 100.0)
NOW = 10_000.0


def test_what_waits_is_late_from_its_bound_on_and_not_only_once_it_is_done() -> None:
    turns = [
        Turn("done", 0.0, 100.0),
        Turn("late", 50.0, 151.0),
        Turn("open", 9_850.0, None),
        Turn("new", 9_950.0, None),
    ]
    assert level(SOON, turns, NOW) == Level(1, 1, ("late", "open"), (Alert(150.0, None),))
    assert level(SOON, turns[:1], NOW) == Level(1, 0, (), ())
    assert not level(SOON, (), NOW).burns


def test_an_alert_begins_when_more_than_one_in_a_hundred_is_late_and_ends_with_it() -> None:
    many = [Turn(str(number), 0.0, 1.0) for number in range(99)]
    late = Turn("late", 10.0, 500.0)
    assert level(SOON, [*many, late], NOW) == Level(99, 0, ("late",), ())  # just as many as are allowed
    assert level(SOON, [*many[1:], late], NOW).alerts == (Alert(110.0, None),)
    more = Turn("more", 700.0, 800.0)
    assert level(SOON, [*many[1:], late, more], NOW).alerts == (Alert(110.0, 800.0),)


def test_what_began_before_the_window_counts_no_more_and_its_alert_has_an_end() -> None:
    late = Turn("late", 0.0, None)
    assert level(SOON, [late], WINDOW_S - 1) == Level(0, 0, ("late",), (Alert(100.0, None),))
    assert level(SOON, [late], WINDOW_S) == Level(0, 0, (), (Alert(100.0, WINDOW_S),))
    assert level(SOON, [late], 2 * WINDOW_S) == Level(0, 0, (), ())
