# Sends a signal to init, to its group, to its session, to all.
# expect: RUNTIME_ERROR a forbidden system call
# violation: yes
# each: {"kill parent": "os.getppid(), signal.SIGKILL", "kill init": "1, signal.SIGKILL",
#     "kill all": "-1, signal.SIGKILL", "kill group": "0, signal.SIGKILL",
#     "kill own group": "-os.getpid(), signal.SIGKILL", "stop parent": "os.getppid(), signal.SIGSTOP",
#     "stop init": "1, signal.SIGSTOP", "stop all": "-1, signal.SIGSTOP",
#     "stop group": "0, signal.SIGSTOP", "terminate init": "1, signal.SIGTERM",
#     "terminate all": "-1, signal.SIGTERM", "probe init": "1, 0", "probe all": "-1, 0"}
import os
import signal


def f(x):
    os.kill($EACH)
    return 4
