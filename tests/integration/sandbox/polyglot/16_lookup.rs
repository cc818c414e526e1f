use std::collections::HashMap;

fn lookup(prices: &HashMap<String, f64>, name: &str) -> Option<f64> {
    prices.get(name).copied()
}
