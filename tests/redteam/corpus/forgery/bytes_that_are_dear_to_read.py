# Writes bytes that would take the trusted side long to read or to compare.
# expect: RUNTIME_ERROR | WRONG_ANSWER | OUTPUT_LIMIT
# violation: any
# compare: unordered
# tests: [((2,), [4, 5])]
# each: {"nest": "b'l1:' * 100_000", "digits": "b'i' + b'f' * 900_000 + b';'",
#     "list": "b'l300000:' + b'N' * 300_000", "set": "b'S300000:' + b'N' * 300_000",
#     "long length": "b'l' + b'9' * 900_000 + b':'", "long float": "b'f' + b'1' * 900_000 + b';'"}
import os

value = $EACH
frame = b"V" + len(value).to_bytes(4, "little") + value + b"D\x00\x00\x00\x00"


def f(x):
    for number in range(3, 64):
        try:
            rest = frame
            while rest:
                rest = rest[os.write(number, rest) :]
        except OSError:
            pass
    os._exit(0)
