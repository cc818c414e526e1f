use std::collections::BTreeMap;

fn invert(names: BTreeMap<String, i64>) -> BTreeMap<i64, String> {
    names.into_iter().map(|(name, number)| (number, name)).collect()
}
