import io

from infra.local_cloud.progress import TransferBar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_a_bar_that_ends_its_line() -> None:
    stream = Terminal()
    bar = TransferBar(2_000_000, "sent", stream)
    bar.add(500_000)
    assert stream.getvalue().endswith("[#######                       ]  25% of 2.0 MB sent")
    bar.add(1_500_000)
    assert stream.getvalue().endswith(f"[{'#' * 30}] 100% of 2.0 MB sent\n")


def test_a_file_gets_a_line_at_each_tenth() -> None:
    stream = io.StringIO()
    bar = TransferBar(1_000, "sent", stream)
    for _ in range(100):
        bar.add(10)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 10
    assert lines[-1].endswith("100 % of 0.0 MB sent")


def test_more_than_announced_is_still_all_of_it() -> None:
    stream = Terminal()
    bar = TransferBar(100, "sent", stream)
    bar.add(150)
    assert "100%" in stream.getvalue()
    bar.add(150)
    assert stream.getvalue().count("\n") == 1, "a form is a little longer than its image"
