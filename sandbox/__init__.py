"""Run untrusted programs against tests, isolated, and tell what they did.

Three processes: a gRPC front end that never forks, a trusted dispatcher that holds the expected
values and sets the verdicts, and one jail for each slot that forks once for each program. A jail
sees the program and the arguments, never an expected value, so a forged answer is only a guess.

What it does not protect from: bugs of the Linux kernel reachable through the allowed system calls,
side channels between programs that run at the same time on one CPU, and a program that recognises
its task and answers the tests by heart. Tests labelled `weak` (assert statements that can't be
rewritten to a call and a value) run beside the program and can be forged by it.
"""
