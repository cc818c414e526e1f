// Starts threads without end.
// expect: RUNTIME_ERROR failed to spawn thread
// violation: no
// cpu: 5
// tiers: T1 T2
pub fn f(x: i64) -> i64 {
    loop {
        std::thread::spawn(|| std::thread::park());
    }
    2 * x
}
