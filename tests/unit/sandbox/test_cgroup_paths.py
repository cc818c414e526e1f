"""Where a process stands, from texts as hosts of each kind show them."""

from pathlib import Path

import pytest

from sandbox.cgroups.paths import own_groups

HYBRID = (
    """\
8:pids:/
4:memory:/process/077400db3b9f
2:cpu,cpuacct:/
9:name=systemd:/
0::/
""",
    """\
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory
39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
""",
)
SYSTEMD_V2 = (
    "0::/user.slice/user-1000.slice/user@1000.service/app.slice/run-r1.scope\n",
    """\
24 30 0:22 / /sys rw,nosuid,nodev,noexec,relatime shared:7 - sysfs sysfs rw
35 24 0:30 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate
""",
)
DOCKER_V2 = (
    "0::/\n",
    "635 630 0:30 / /sys/fs/cgroup ro,nosuid,nodev,relatime - cgroup2 cgroup rw,nsdelegate\n",
)
# No control group namespace: the path is the host's, and the mount shows just that part.
DOCKER_V1 = (
    "6:memory:/docker/1f2e\n4:pids:/docker/1f2e/inner\n0::/system.slice/containerd.service\n",
    """\
702 693 0:33 /docker/1f2e /sys/fs/cgroup/memory ro,nosuid - cgroup cgroup rw,memory
705 693 0:31 /docker/1f2e /sys/fs/cgroup/pids ro,nosuid - cgroup cgroup rw,pids
""",
)


def test_hybrid():
    found = own_groups(*HYBRID)
    assert found.v2 == Path("/sys/fs/cgroup/unified")
    assert found.v1 == {
        "pids": Path("/sys/fs/cgroup/pids"),
        "memory": Path("/sys/fs/cgroup/memory/process/077400db3b9f"),
        "cpu": Path("/sys/fs/cgroup/cpu,cpuacct"),
        "cpuacct": Path("/sys/fs/cgroup/cpu,cpuacct"),
        "name=systemd": Path("/sys/fs/cgroup/systemd"),
    }


def test_v2():
    scope = "user.slice/user-1000.slice/user@1000.service/app.slice/run-r1.scope"
    found = own_groups(*SYSTEMD_V2)
    assert found.v2 == Path("/sys/fs/cgroup") / scope
    assert found.v1 == {}
    assert own_groups(*DOCKER_V2).v2 == Path("/sys/fs/cgroup")


def test_a_mount_that_shows_a_part():
    found = own_groups(*DOCKER_V1)
    assert found.v2 is None
    assert found.v1 == {
        "memory": Path("/sys/fs/cgroup/memory"),
        "pids": Path("/sys/fs/cgroup/pids/inner"),
    }


@pytest.mark.parametrize("path", ["/../other", "/.."])
def test_outside_our_namespace(path):
    assert own_groups(f"0::{path}\n", DOCKER_V2[1]).v2 is None


@pytest.mark.parametrize("path", ["/docker/1f2", "/docker/1f2e5", "/"])
def test_outside_what_the_mount_shows(path):
    assert "memory" not in own_groups(f"6:memory:{path}\n", DOCKER_V1[1]).v1


def test_blanks_in_a_path():
    text = "35 31 0:32 /a\\040b /mnt/c\\040d rw - cgroup cgroup rw,memory\n"
    assert own_groups("4:memory:/a b/e\n", text).v1 == {"memory": Path("/mnt/c d/e")}


def test_a_path_with_colons():
    assert own_groups("0::/a:b\n", DOCKER_V2[1]).v2 == Path("/sys/fs/cgroup/a:b")
