use std::collections::HashMap;

fn count_letters(text: &str) -> HashMap<char, i64> {
    let mut counts = HashMap::new();
    for letter in text.chars() {
        *counts.entry(letter).or_insert(0) += 1;
    }
    counts
}
