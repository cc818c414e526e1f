fn min_max(numbers: &Vec<i64>) -> (i64, i64) {
    (*numbers.iter().min().unwrap(), *numbers.iter().max().unwrap())
}
