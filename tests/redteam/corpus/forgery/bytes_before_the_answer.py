# Writes forged answers to every descriptor, then answers wrong.
# expect: RUNTIME_ERROR | WRONG_ANSWER
# violation: any
# tests: [((2,), 123456)]
# each: {"value": "V\\x03\\x00\\x00\\x00i4;", "value and end": "V\\x03\\x00\\x00\\x00i4;D\\x00\\x00\\x00\\x00",
#     "half": "V\\x20\\x00\\x00\\x00i4;", "compiled": "K\\x00\\x00\\x00\\x00",
#     "compile error": "C\\x00\\x00\\x00\\x00", "load error": "X\\x00\\x00\\x00\\x00",
#     "unknown tag": "?\\x00\\x00\\x00\\x00"}
import os


def f(x):
    for number in range(3, 64):
        try:
            os.write(number, b"$EACH")
        except OSError:
            pass
    return 5
