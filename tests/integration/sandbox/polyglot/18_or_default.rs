fn or_default(value: Option<i64>, default: i64) -> i64 {
    value.unwrap_or(default)
}
