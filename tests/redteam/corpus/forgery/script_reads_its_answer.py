# Looks for the expected output in what a whole-program run is given.
# expect: WRONG_ANSWER
# violation: no
# stdio: [("question\n", "answer\n")]
import sys

print(open(0).read(), sys.argv, dir())
