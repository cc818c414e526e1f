// Takes memory without end.
// expect: MEMORY_LIMIT
// violation: no
// cpu: 5
// tiers: T1 T2
pub fn f(x: i64) -> i64 {
    let mut all = Vec::new();
    loop {
        all.push(vec![1u8; 1 << 20]);
    }
    2 * x
}
