# Answers calls with the mark of an assertion that held.
# expect: RUNTIME_ERROR
# violation: yes
# code: "assert f(1) == 2\nassert f(2) == 3\nassert f(3) == 4"
import os

for number in range(3, 64):
    try:
        os.write(number, b"P\x00\x00\x00\x00" * 3 + b"D\x00\x00\x00\x00")
    except OSError:
        pass
os._exit(0)
