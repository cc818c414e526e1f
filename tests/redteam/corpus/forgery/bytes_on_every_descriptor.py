# Writes forged answers to every descriptor, then ends at once.
# expect: RUNTIME_ERROR | WRONG_ANSWER | MEMORY_LIMIT
# violation: any
# tests: [((2,), 123456)]
# each: {"value and end": "V\\x02\\x00\\x00\\x00i4;D\\x00\\x00\\x00\\x00",
#     "weak pass": "P\\x00\\x00\\x00\\x00D\\x00\\x00\\x00\\x00", "json": "{\"verdict\": \"PASSED\"}\\n",
#     "word": "PASSED\\n", "zeros": "\\x00" , "endless length": "V\\xff\\xff\\xff\\xff",
#     "compiled": "K\\x00\\x00\\x00\\x00D\\x00\\x00\\x00\\x00",
#     "no value": "V\\x00\\x00\\x00\\x00D\\x00\\x00\\x00\\x00", "pickle": "\\x80\\x04K\\x04.",
#     "end": "D\\x00\\x00\\x00\\x00", "memory": "M\\x00\\x00\\x00\\x00",
#     "reply of the jail": "\\x00\\x00\\x00\\x00\\x00", "ready": "R\\n", "kill order": "K"}
import os


def f(x):
    for number in range(64):
        try:
            os.write(number, b'$EACH')
        except OSError:
            pass
    os._exit(0)
