"""Control groups of the slots: v2 where it is delegated, v1 on hybrid hosts, else none.

`find` makes a folder for this server below its own group, in each hierarchy, and every slot gets a
group in it. A watcher process removes them when the server dies in whatever way; what both missed,
the next server's start sweeps. A group is a backstop and a net: the limits of one Python program
are its rlimits; what forks (the compilers' jails) is held by the group alone.
"""

from sandbox.cgroups.find import Groups, find
from sandbox.cgroups.group import Group

__all__ = ["Group", "Groups", "find"]
