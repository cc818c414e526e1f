fn swap_pairs(pairs: Vec<(i64, String)>) -> Vec<(String, i64)> {
    pairs.into_iter().map(|(number, name)| (name, number)).collect()
}
