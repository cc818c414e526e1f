# Imports what the jail does not have.
# expect: RUNTIME_ERROR ModuleNotFoundError
# violation: no
# each: ["numpy", "grpc", "sandbox.dispatcher", "sandbox.judge", "google.protobuf", "pytest"]
import $EACH


def f(x):
    return 4
