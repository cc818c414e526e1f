# Prints what is expected and then fails.
# expect: RUNTIME_ERROR
# violation: any
# stdio: [("", "answer")]
# each: ["raise ValueError", "sys.exit(1)", "os._exit(3)", "os.kill(os.getpid(), 9)", "os.fork()",
#     "os.abort()", "sys.exit('answer')"]
import os
import sys

print("answer", flush=True)
$EACH
