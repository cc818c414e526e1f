fn positive(numbers: &[i64]) -> Vec<bool> {
    numbers.iter().map(|number| *number > 0).collect()
}
