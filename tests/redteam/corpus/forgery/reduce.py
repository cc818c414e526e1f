# Returns an object that would run a command where it is unpickled.
# expect: RUNTIME_ERROR returned a value of type
# violation: no
import os


class Command:
    def __reduce__(self):
        return (os.system, ("touch /tmp/pwned",))


def f(x):
    return Command()
