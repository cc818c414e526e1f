# Makes a system call that no program may make.
# expect: RUNTIME_ERROR a forbidden system call
# violation: yes
# machine: x86_64
# each: {"chroot": "161", "mount": "165", "umount2": "166", "pivot_root": "155", "unshare": "272",
#     "setns": "308", "setuid": "105", "setgid": "106", "setreuid": "113", "setresuid": "117",
#     "setresgid": "119", "setgroups": "116", "setfsuid": "122", "capset": "126", "ptrace": "101",
#     "process_vm_readv": "310", "process_vm_writev": "311", "process_madvise": "440",
#     "pidfd_open": "434", "pidfd_getfd": "438", "kcmp": "312", "bpf": "321",
#     "perf_event_open": "298", "io_uring_setup": "425", "io_uring_enter": "426", "io_setup": "206",
#     "userfaultfd": "323", "keyctl": "250", "add_key": "248", "request_key": "249", "shmget": "29",
#     "shmat": "30", "msgget": "68", "semget": "64", "mq_open": "240", "flock": "73",
#     "socket": "41", "socketpair": "53", "connect": "42", "sendto": "44", "sendmsg": "46",
#     "recvmsg": "47", "fork": "57", "vfork": "58", "clone3": "435", "execve": "59",
#     "execveat": "322", "memfd_create": "319", "memfd_secret": "447", "init_module": "175",
#     "finit_module": "313", "delete_module": "176", "kexec_load": "246", "reboot": "169",
#     "personality": "135", "modify_ldt": "154", "arch_prctl": "158", "iopl": "172",
#     "ioperm": "173", "inotify_init1": "294", "fanotify_init": "300", "name_to_handle_at": "303",
#     "open_by_handle_at": "304", "openat2": "437", "open_tree": "428", "move_mount": "429",
#     "fsopen": "430", "fsmount": "432", "mount_setattr": "442", "seccomp": "317",
#     "landlock_create_ruleset": "444", "landlock_restrict_self": "446", "quotactl": "179",
#     "acct": "163", "swapon": "167", "settimeofday": "164", "clock_settime": "227",
#     "adjtimex": "159", "sethostname": "170", "setdomainname": "171", "syslog": "103",
#     "setrlimit": "160", "eventfd2": "290", "signalfd4": "289",
#     "timerfd_create": "283", "timer_create": "222", "vmsplice": "278", "mbind": "237",
#     "migrate_pages": "256", "move_pages": "279", "remap_file_pages": "216", "pkey_alloc": "330",
#     "lookup_dcookie": "212", "vhangup": "153", "uselib": "134", "ustat": "136", "sysfs": "139",
#     "rt_sigqueueinfo": "129", "cachestat": "451", "map_shadow_stack": "453", "futex_waitv": "449",
#     "statmount": "457", "listmount": "458", "lsm_set_self_attr": "460",
#     "no such call": "9999", "x32 getpid": "0x40000027", "x32 execve": "0x40000208",
#     "negative": "-2", "last number": "0x7FFFFFFF"}
import ctypes


def f(x):
    ctypes.CDLL(None).syscall(ctypes.c_long($EACH), 0, 0, 0, 0, 0)
    return 4
