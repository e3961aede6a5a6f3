import signal
from collections.abc import Iterator

import pytest

from training.data.threads import in_threads
from training.stop import Interrupted, Stop, check_stop, stop_on_signals


@pytest.fixture(params=[signal.SIGINT, signal.SIGTERM])
def number(request: pytest.FixtureRequest) -> Iterator[signal.Signals]:
    """A signal that raises KeyboardInterrupt where nothing else is set."""
    found: signal.Signals = request.param
    before = signal.signal(found, signal.default_int_handler)
    yield found
    signal.signal(found, before)


def test_the_first_reason_of_a_stop_counts() -> None:
    stop = Stop()
    stop.check()
    stop.request("first")
    stop.request("second")
    with pytest.raises(Interrupted, match="first"):
        stop.check()


def test_the_innermost_scope_is_heeded_and_none_outside() -> None:
    outer, inner = Stop(), Stop()
    outer.request("outer")
    with outer.heeded():
        with inner.heeded():
            check_stop()
        with pytest.raises(Interrupted, match="outer"):
            check_stop()
    check_stop()


def test_a_signal_is_heard_at_the_next_check_only(number: signal.Signals) -> None:
    stop, done = Stop(), []
    with stop_on_signals(stop, "told to end", once=False):
        for _ in range(3):
            signal.raise_signal(number)
        done.append("a file is written whole")
        with pytest.raises(Interrupted, match="told to end"):
            stop.check()
    assert done
    assert signal.getsignal(number) is signal.default_int_handler


def test_a_second_signal_may_end_the_work_at_once(number: signal.Signals) -> None:
    stop = Stop()
    with pytest.raises(KeyboardInterrupt), stop_on_signals(stop, "told to end", once=True):
        signal.raise_signal(number)
        signal.raise_signal(number)
        raise AssertionError("not reached")


def test_a_signal_that_is_ignored_stays_ignored(number: signal.Signals) -> None:
    signal.signal(number, signal.SIG_IGN)
    stop = Stop()
    with stop_on_signals(stop, "told to end", once=True):
        signal.raise_signal(number)
        stop.check()


def test_threads_end_at_their_next_item() -> None:
    stop, done = Stop(), []

    def work(item: int) -> int:
        done.append(item)
        if item == 40:
            stop.request("told to end")
        return item

    with pytest.raises(Interrupted), stop.heeded():
        list(in_threads(work, range(1000), "count", 2))
    assert len(done) < 100
    assert list(in_threads(work, range(50), "count", 2)) == list(range(50))
