// Reads the host's files through the compiler.
// expect: COMPILE_ERROR
// violation: any
// tests: [((2,), "x")]
// each: ["include_str!(\"/etc/passwd\")", "include_str!(\"/proc/self/environ\")", "env!(\"HOME\")"]
pub fn f(_x: i64) -> String {
    $EACH.to_string()
}
