//! What somebody may have meant who wrote a name that does not exist.

/// A sentence that says so: what there is not, the name that is near, and which names there are.
#[must_use]
pub fn unknown(what: &str, name: &str, known: &[&str]) -> String {
    if known.is_empty() {
        return format!("no {what} (there are none)");
    }
    let near = known.iter().min_by_key(|known| distance(name, known));
    let near = near.filter(|near| distance(name, near) <= near.len() / 3 + 1);
    let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    format!("no {what}{hint} (there are: {})", known.join(", "))
}

/// The number of characters to insert, remove, replace or swap with a neighbour to come from one to the
/// other (the optimal string alignment distance).
fn distance(one: &str, other: &str) -> usize {
    // Names are short; what is not is no misspelt name.
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().take(64).collect(), other.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=other.len()).collect()];
    for (i, &left) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &right) in other.iter().enumerate() {
            let mut least = (rows[i][j] + usize::from(left != right)).min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && left == other[j - 1] && one[i - 1] == right {
                least = least.min(rows[i - 1][j - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_is_suggested_and_a_far_one_is_not() {
        let known = ["search", "count", "thread"];
        assert!(unknown("method `serach`", "serach", &known).contains("did you mean `search`?"));
        assert!(unknown("method `conut`", "conut", &known).contains("did you mean `count`?"));
        let far = unknown("method `delete`", "delete", &known);
        assert_eq!(far, "no method `delete` (there are: search, count, thread)");
        assert_eq!(unknown("method `delete`", "delete", &[]), "no method `delete` (there are none)");
    }
}
