# Writes the expected output to the wrong stream.
# expect: WRONG_ANSWER
# violation: no
# stdio: [("", "answer")]
import sys

print("answer", file=sys.stderr)
