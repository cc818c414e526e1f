# Writes a well-formed frame whose bytes are no canonical form, under each kind of comparison.
# expect: RUNTIME_ERROR | WRONG_ANSWER
# violation: any
# compare: 0.5
# tests: [((2,), 4.0)]
# each: ["f4;", "f4.00;", "fnan", "finf;", "f-inf;", "f1e999;", "i04;", "i-0;", "i+4;", "i 4;", "i4",
#     "c4.0;", "l1:f4.0;", "l9999999999:", "t-1:", "s5:abc", "S2:i2;i1;", "d1:i1;", "f4.0;;", "",
#     "Q", "f0x1p2;", "f4_0.0;", "i\\xd9\\xa4;", "f\\xd9\\xa4.0;"]
import os

value = b"$EACH"
frame = b"V" + len(value).to_bytes(4, "little") + value + b"D\x00\x00\x00\x00"


def f(x):
    for number in range(3, 64):
        try:
            os.write(number, frame)
        except OSError:
            pass
    os._exit(0)
