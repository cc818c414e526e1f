fn exactly_one(a: bool, b: bool) -> bool {
    a != b
}
