"""The program ``visionflow``, also as ``python -m infra.cli`` for launchers that start a module."""

import signal


def program() -> int:
    """`main`, with Ctrl-C ending the program without a word while it is still imported."""
    interrupts = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if interrupts:
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    from infra.cli.main import main  # noqa: PLC0415

    if interrupts:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return main()


if __name__ == "__main__":
    raise SystemExit(program())
