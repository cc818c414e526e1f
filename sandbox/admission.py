"""How much the server takes on: a count of programs, shared by all calls."""

import grpc


class RefusedCall(Exception):  # noqa: N818 - an answer to a client, not a failure here
    """Why a call or a batch can't be served: a gRPC status code and one line."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code


_FEWEST_CREDITS = 16


class Admission:
    """Counts the programs that the server has promised to take."""

    def __init__(self, capacity: int) -> None:
        self._free = capacity

    def take(self, count: int) -> None:
        """Reserve room for some programs.

        Raises:
            RefusedCall: RESOURCE_EXHAUSTED, there is none.

        """
        if count > self._free:
            raise RefusedCall(grpc.StatusCode.RESOURCE_EXHAUSTED, "the sandbox's queue is full")
        self._free -= count

    def take_for_stream(self, most: int) -> int:
        """Reserve a stream's credits: at most half of what is free, so that others may come.

        Raises:
            RefusedCall: RESOURCE_EXHAUSTED, there is too little.

        """
        count = min(most, self._free // 2)
        if count < min(_FEWEST_CREDITS, most):
            raise RefusedCall(
                grpc.StatusCode.RESOURCE_EXHAUSTED, "the sandbox has too many streams"
            )
        self._free -= count
        return count

    def give(self, count: int) -> None:
        """Give room back."""
        self._free += count
