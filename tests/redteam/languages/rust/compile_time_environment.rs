// Looks at the compiler's environment.
// expect: COMPILE_ERROR not defined
// violation: no
// tiers: T1 T2
pub fn f(x: i64) -> i64 {
    let _ = env!("HOME");
    2 * x
}
