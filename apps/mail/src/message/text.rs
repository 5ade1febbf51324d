/// Returns `value` on one line: runs of white space and control characters become one space.
///
/// At most `limit` bytes, cut between characters.
pub(super) fn line(value: &str, limit: usize) -> String {
    let mut out = String::with_capacity(value.len().min(limit));
    let mut words =
        value.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    if let Some(word) = words.next() {
        push(&mut out, word, limit);
    }
    for word in words {
        push(&mut out, " ", limit);
        push(&mut out, word, limit);
    }
    out
}

/// Returns `value` with line feeds for line ends and without control characters, at most `limit` bytes.
pub(super) fn block(value: &str, limit: usize) -> String {
    let mut out = String::new();
    append(&mut out, value, limit);
    out
}

/// Adds `value` as [`block`] does, on a line of its own, until `out` holds `limit` bytes.
pub(super) fn append(out: &mut String, value: &str, limit: usize) {
    if value.is_empty() {
        return;
    }
    if !out.is_empty() && !out.ends_with('\n') {
        push(out, "\n", limit);
    }
    for run in value.split(|c: char| c.is_control() && c != '\n' && c != '\t') {
        push(out, run, limit);
        if out.len() >= limit {
            break;
        }
    }
}

/// Adds as many whole characters of `value` as fit.
fn push(out: &mut String, value: &str, limit: usize) {
    let room = value.floor_char_boundary(limit.saturating_sub(out.len()));
    out.push_str(value.get(..room).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_holds_neither_line_ends_nor_escapes() {
        assert_eq!(line(" Re:\r\n\tminutes \u{1b}[2J of\u{a0}May \0", 100), "Re: minutes [2J of May");
    }

    #[test]
    fn a_line_is_cut_between_characters() {
        assert_eq!(line("naïve", 3), "na");
        assert_eq!(line("naïve", 4), "naï");
    }

    #[test]
    fn a_block_keeps_lines_and_tabs_only() {
        assert_eq!(block("one\r\n\ttwo\u{7}\u{1b}[31m\r\nthree", 100), "one\n\ttwo[31m\nthree");
    }

    #[test]
    fn appended_texts_start_on_a_new_line_and_stop_at_the_limit() {
        let mut out = "one".to_owned();
        append(&mut out, "", 9);
        append(&mut out, "two\n", 9);
        append(&mut out, "three", 9);
        assert_eq!(out, "one\ntwo\nt");
    }
}
