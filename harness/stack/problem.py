"""What can go wrong with a stack, as one clear message and the exit code that fits it."""


class StackProblem(Exception):
    """`str()` is for people; `exit_code` is 2 for what the caller can put right, 3 for what failed by itself."""

    def __init__(self, message: str, exit_code: int = 3) -> None:
        super().__init__(message)
        self.exit_code = exit_code
