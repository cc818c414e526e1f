# Runs a program that would be root; no new rights come with it.
# expect: RUNTIME_ERROR a forbidden system call
# violation: yes
import os


def f(x):
    os.execv("/usr/bin/su", ["su"])
    return 4
