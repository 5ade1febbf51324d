//! Text that others wrote, made harmless to a terminal.

use std::borrow::Cow;

/// One line: what would act on the terminal, or turn the direction of what follows, is shown as its escape.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    if text.contains(acts) { text.chars().map(shown).collect::<String>().into() } else { text.into() }
}

/// The same of several lines.
pub(crate) fn lines(text: &str) -> String {
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// The same where a terminal reads it; in a pipe, text is what it is.
pub(crate) fn on_terminal(text: &str) -> Cow<'_, str> {
    if console::user_attended() { lines(text).into() } else { text.into() }
}

/// Whether a character does something to a terminal other than to stand there.
pub(super) fn acts(c: char) -> bool {
    let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || c.is_control() && c != '\t'
}

fn shown(c: char) -> String {
    if acts(c) { c.escape_unicode().to_string() } else { c.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_on_a_terminal_is_shown_as_its_escape() {
        assert!(matches!(line("Grüße, שלום\t1"), Cow::Borrowed(_)));
        assert_eq!(line("a\u{1b}[2Jb\u{9b}"), "a\\u{1b}[2Jb\\u{9b}");
        assert_eq!(line("\u{202e}gro.live"), "\\u{202e}gro.live");
        assert_eq!(lines("one\r\ntwo\u{7}"), "one\ntwo\\u{7}");
    }
}
