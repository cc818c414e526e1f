fn find_index(words: Vec<String>, wanted: String) -> Option<usize> {
    words.iter().position(|word| *word == wanted)
}
