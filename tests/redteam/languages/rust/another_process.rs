// Starts a process and a thread.
// expect: RUNTIME_ERROR
// violation: any
pub fn f(_x: i64) -> i64 {
    std::process::Command::new("/usr/bin/true").status().unwrap();
    4
}
