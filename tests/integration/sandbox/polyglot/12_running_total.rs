fn running_total(numbers: Vec<i32>) -> Vec<i32> {
    let mut total = 0;
    numbers.iter().map(|number| { total += number; total }).collect()
}
