# Writes frames to every descriptor of a whole-program run.
# expect: RUNTIME_ERROR | WRONG_ANSWER
# violation: any
# stdio: [("", "answer")]
# each: ["P\\x00\\x00\\x00\\x00D\\x00\\x00\\x00\\x00", "V\\x00\\x00\\x00\\x00D\\x00\\x00\\x00\\x00", "D\\x00\\x00\\x00\\x00",
#     "K\\x00\\x00\\x00\\x00", "PASSED"]
import os

for number in range(1, 64):
    try:
        os.write(number, b"$EACH")
    except OSError:
        pass
os._exit(0)
