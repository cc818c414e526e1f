# Starts a process or a thread, each way that the library has.
# expect: RUNTIME_ERROR a forbidden system call
# violation: yes
# each: {"fork": "os.fork()",
#     "thread": "threading.Thread(target=print).start()",
#     "low-level thread": "_thread.start_new_thread(print, ())",
#     "posix_spawn": "os.posix_spawn('/usr/bin/true', ['true'], {})",
#     "execv": "os.execv('/usr/bin/true', ['true'])",
#     "exec of an open file": "os.execve(os.open('/usr/bin/env', os.O_RDONLY), ['env'], {})",
#     "system": "os.system('true')", "popen": "os.popen('true').read()",
#     "subprocess": "subprocess.run(['/usr/bin/true'])",
#     "memfd": "os.memfd_create('x')",
#     "multiprocessing": "multiprocessing.Process(target=print).start()",
#     "pool": "concurrent.futures.ThreadPoolExecutor().submit(print).result()"}
import _thread
import concurrent.futures
import multiprocessing
import os
import subprocess
import threading


def f(x):
    $EACH
    return 4
