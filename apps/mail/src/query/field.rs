//! The one table of fields: names, and what each takes.

use super::ast::TextField;

/// What a field searches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Text(TextField),
    Is,
    Has,
    Label,
    Before,
    On,
    After,
    Older,
    Newer,
    Larger,
    Smaller,
}

const DATE: &str = "a date: YYYY-MM-DD, YYYY-MM, YYYY, today or yesterday";
const AGE: &str = "an age: a number up to 9999 and d, w, m or y, as in 30d or 2w";
const SIZE: &str = "a size: a number of bytes, or with k, M or G, as in 10k or 2M";
const TEXT: &str = "a word or a \"quoted phrase\"";

const FIELDS: &[(&str, Field, &str)] = &[
    ("from", Field::Text(TextField::From), TEXT),
    ("to", Field::Text(TextField::To), TEXT),
    ("cc", Field::Text(TextField::Cc), TEXT),
    ("subject", Field::Text(TextField::Subject), TEXT),
    ("body", Field::Text(TextField::Body), TEXT),
    ("filename", Field::Text(TextField::Filename), TEXT),
    ("is", Field::Is, "one of: unread, read, flagged, replied"),
    ("has", Field::Has, "attachment"),
    ("label", Field::Label, "the name of a label"),
    ("before", Field::Before, DATE),
    ("on", Field::On, DATE),
    ("after", Field::After, DATE),
    ("older", Field::Older, AGE),
    ("newer", Field::Newer, AGE),
    ("larger", Field::Larger, SIZE),
    ("smaller", Field::Smaller, SIZE),
];

impl Field {
    /// The field of this name, in any case.
    pub(super) fn named(name: &str) -> Option<Self> {
        FIELDS.iter().find(|(known, ..)| known.eq_ignore_ascii_case(name)).map(|&(_, field, _)| field)
    }

    /// What the field takes, as the end of a sentence.
    pub(super) fn takes(self) -> String {
        FIELDS
            .iter()
            .find(|&&(_, field, _)| field == self)
            .map_or_else(String::new, |(name, _, takes)| format!("`{name}:` takes {takes}"))
    }
}

/// What to write instead of an unknown field.
pub(super) fn help_for_unknown(name: &str) -> String {
    let known: Vec<String> = FIELDS.iter().map(|(field, ..)| format!("{field}:")).collect();
    let suggestion = closest(name, FIELDS.iter().map(|&(field, ..)| field))
        .map_or_else(String::new, |field| format!("did you mean `{field}:`? "));
    format!("{suggestion}the fields are {}; to search for text with a colon, quote it", known.join(" "))
}

/// The candidate a slip of the fingers away from `word`, if there is one.
pub(super) fn closest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    candidates
        .map(|candidate| (distance(&word, candidate), candidate))
        .filter(|&(distance, candidate)| distance <= 2 && distance < candidate.len())
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// Edit distance in which a swap of neighbours counts one, as in `form` for `from`.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            // Every index is at most the length it was allocated with; `i > 0` and `j > 0` guard the steps back.
            rows[i][j] = if i == 0 || j == 0 {
                i.max(j)
            } else {
                let kept = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let mut best = kept.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    best = best.min(rows[i - 2][j - 2] + 1);
                }
                best
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_swaps_as_one() {
        assert_eq!(distance("form", "from"), 1);
        assert_eq!(distance("subjet", "subject"), 1);
        assert_eq!(distance("", "to"), 2);
        assert_eq!(distance("from", "from"), 0);
    }

    #[test]
    fn closest_refuses_what_shares_nothing() {
        let names = || FIELDS.iter().map(|&(name, ..)| name);
        assert_eq!(closest("form", names()), Some("from"));
        assert_eq!(closest("http", names()), None);
        assert_eq!(closest("re", names()), None);
    }
}
