# Is ended by a timer of its own: no limit of ours.
# expect: RUNTIME_ERROR $EACH
# violation: no
# cpu: 5
# each: {"real": "SIGALRM", "virtual": "SIGVTALRM", "profiling": "SIGPROF"}
import signal

TIMERS = {
    "SIGALRM": signal.ITIMER_REAL,
    "SIGVTALRM": signal.ITIMER_VIRTUAL,
    "SIGPROF": signal.ITIMER_PROF,
}


def f(x):
    signal.setitimer(TIMERS["$EACH"], 0.02)
    while True:
        pass
