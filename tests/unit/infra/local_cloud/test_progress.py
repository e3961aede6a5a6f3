import io

import pytest

from infra.local_cloud.progress import Progress


def test_a_sentence_is_said_whoever_watches_and_a_quick_step_is_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    stream = io.StringIO()
    progress = Progress(stream)
    with progress.step("built"):
        pass
    progress.say("press Ctrl-C to end")
    assert stream.getvalue().endswith("s] press Ctrl-C to end\n")
    assert capsys.readouterr().err == ""
