// Spins for ever.
// expect: TIME_LIMIT cpu
// violation: no
pub fn f(x: i64) -> i64 {
    let mut y = x;
    loop {
        y = unsafe { std::ptr::read_volatile(&y) } + 1;
        if y < 0 { return y }
    }
}
