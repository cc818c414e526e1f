// Writes forged answers to every descriptor and ends.
// expect: RUNTIME_ERROR | WRONG_ANSWER
// violation: any
// tests: [((2,), 123456)]
use std::io::Write;
use std::os::unix::io::FromRawFd;
pub fn f(_x: i64) -> i64 {
    for number in 1..64 {
        let mut file = unsafe { std::fs::File::from_raw_fd(number) };
        let _ = file.write_all(b"V\x03\0\0\0i4;D\0\0\0\0");
        std::mem::forget(file);
    }
    std::process::exit(0)
}
