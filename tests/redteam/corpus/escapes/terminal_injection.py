# Puts characters into the terminal's input.
# expect: RUNTIME_ERROR OSError
# violation: no
# each: ["0x5412, b'x'", "0x5413, bytes(8)", "0x540E, 0", "0x541C, b'x'"]
import fcntl


def f(x):
    for number in range(3):
        fcntl.ioctl(number, $EACH)
    return 4
