# Goes up from the root, by name and by an open folder.
# expect: PASSED
# violation: no
# tiers: T1 T2
# tests: [((), [True, True, True])]
import os


def f():
    root = os.stat("/").st_ino
    folder = os.open("/", os.O_RDONLY)
    inside = os.stat("..", dir_fd=folder).st_ino == root
    os.chdir("/usr")
    os.chdir("../../../..")
    return [os.stat("/..").st_ino == root, inside, os.stat(".").st_ino == root]
