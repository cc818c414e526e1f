"""Generated code of proto/replay/v1: the trajectory message."""
