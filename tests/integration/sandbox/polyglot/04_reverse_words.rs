fn reverse_words(text: String) -> String {
    let mut words: Vec<&str> = text.split(' ').collect();
    words.reverse();
    words.join(" ")
}
