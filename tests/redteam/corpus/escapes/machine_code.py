# Makes a system call from machine code of its own, 32-bit numbers included.
# expect: RUNTIME_ERROR a forbidden system call
# violation: yes
# machine: x86_64
# each: {"int 0x80 getpid": "B8 14 00 00 00 CD 80 C3", "int 0x80 execve": "B8 0B 00 00 00 CD 80 C3",
#     "syscall socket": "B8 29 00 00 00 0F 05 C3",
#     "int 0x80 exit": "B8 01 00 00 00 31 DB CD 80 C3"}
import ctypes
import mmap


def f(x):
    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(bytes.fromhex("$EACH"))
    address = ctypes.addressof(ctypes.c_char.from_buffer(code))
    ctypes.CFUNCTYPE(ctypes.c_int)(address)()
    return 4
