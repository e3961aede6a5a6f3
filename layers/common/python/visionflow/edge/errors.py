"""What ends the runner. Its texts are for who starts it, so no page translates them."""


class EdgeError(Exception):
    """``str(error)`` says what is wrong and what to do; ``code`` is for programs."""

    def __init__(self, sentence: str, code: str) -> None:
        super().__init__(sentence)
        self.code = code
