// Runs code in the compiler, as a procedural macro would.
// expect: COMPILE_ERROR
// violation: any
#![crate_type = "proc-macro"]
extern crate proc_macro;
#[proc_macro]
pub fn run(_item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    std::fs::read_to_string("/etc/passwd").unwrap().parse().unwrap()
}
pub fn f(_x: i64) -> i64 {
    4
}
