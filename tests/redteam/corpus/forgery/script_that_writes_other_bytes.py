# Writes what only looks like the expected output.
# expect: WRONG_ANSWER
# violation: no
# stdio: [("", "answer 1")]
# each: ["answer 1\\x00", "answer\\xc2\\xa01", "\\xef\\xbb\\xbfanswer 1", "answer 1\\nanswer 1", "answer  1",
#     "Answer 1", "answer 1\\xff", " answer 1", "answer\\x0b1", "\\n\\nanswer 1", "answer 1\\x1b[2K"]
import os

os.write(1, b"$EACH")
