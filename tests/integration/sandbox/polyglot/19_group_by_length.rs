use std::collections::HashMap;

fn group_by_length(words: Vec<String>) -> HashMap<usize, Vec<String>> {
    let mut groups: HashMap<usize, Vec<String>> = HashMap::new();
    for word in words {
        groups.entry(word.len()).or_default().push(word);
    }
    groups
}
