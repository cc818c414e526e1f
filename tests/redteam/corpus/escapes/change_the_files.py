# Changes the file system.
# expect: RUNTIME_ERROR Error
# violation: no
# each: ["os.symlink('/etc/passwd', '/tmp/x')", "os.symlink('/etc', '/x')", "os.mkdir('/x')",
#     "os.unlink('/usr/bin/env')", "os.rename('/usr', '/x')", "os.chmod('/usr', 0o777)",
#     "os.truncate('/usr/bin/env', 0)", "os.link('/usr/bin/env', '/x')", "os.mkfifo('/x')",
#     "os.mknod('/x')", "os.chown('/usr', 0, 0)", "os.utime('/usr/bin/env')",
#     "os.setxattr('/usr/bin/env', 'user.x', b'x')", "os.rmdir('/dev')",
#     "os.removexattr('/usr', 'user.x')", "tempfile.mkdtemp()", "tempfile.TemporaryFile()",
#     "os.open('/dev', os.O_TMPFILE | os.O_RDWR)", "os.open('/', os.O_TMPFILE | os.O_RDWR)",
#     "os.chmod('/dev/null', 0)", "os.fchmod(os.open('/usr', 0), 0o777)"]
import os
import tempfile


def f(x):
    $EACH
    return 4
