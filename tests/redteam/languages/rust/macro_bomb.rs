// Makes the compiler work without end.
// expect: COMPILE_ERROR | TIME_LIMIT
// violation: any
macro_rules! bomb { ($($x:tt)*) => { bomb!($($x)* $($x)* 1) } }
pub fn f(_x: i64) -> i64 {
    bomb!(1 1)
}
