// Ends in order before it answers.
// expect: RUNTIME_ERROR
// violation: any
pub fn f(_x: i64) -> i64 {
    std::process::exit(0)
}
