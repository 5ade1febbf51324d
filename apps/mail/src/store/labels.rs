//! What can be a label.

/// The longest label, in characters: a name, not a text.
pub(crate) const MAX_LABEL_CHARS: usize = 100;

/// The label as it is stored, or `None` if it cannot be one.
pub(super) fn clean(label: &str) -> Option<&str> {
    let label = label.trim();
    let fits = !label.is_empty() && label.chars().count() <= MAX_LABEL_CHARS;
    (fits && !label.chars().any(char::is_control)).then_some(label)
}
