fn transpose(rows: Vec<Vec<i64>>) -> Vec<Vec<i64>> {
    (0..rows[0].len()).map(|at| rows.iter().map(|row| row[at]).collect()).collect()
}
