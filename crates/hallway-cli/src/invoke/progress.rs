//! How far a call has come: a line on the terminal's standard error that is written over, nothing elsewhere.

use std::sync::{Arc, Mutex, PoisonError};

use console::{Term, style, truncate_str};
use hallway::Progress;

use crate::output::plain;

/// The line.
#[derive(Debug, Clone)]
pub(crate) struct ProgressLine {
    what: String,
    /// Whether there is something on the line.
    shown: Arc<Mutex<bool>>,
}

impl ProgressLine {
    pub(crate) fn new(what: &str) -> Self {
        Self { what: what.to_owned(), shown: Arc::default() }
    }

    /// What writes the line.
    pub(crate) fn shows(&self) -> impl Fn(Progress) + Send + Sync + use<> {
        let line = self.clone();
        move |progress| {
            let term = Term::stderr();
            if term.is_term() {
                let text = in_words(&line.what, &progress);
                let text =
                    truncate_str(&text, usize::from(term.size().1).saturating_sub(1), "…").into_owned();
                let mut shown = line.shown.lock().unwrap_or_else(PoisonError::into_inner);
                // A terminal that does not take it has nobody who looks.
                let _written =
                    term.clear_line().and_then(|()| term.write_str(&style(text).dim().to_string()));
                *shown = true;
            }
        }
    }

    /// Takes the line away, so that something else can be written.
    pub(crate) fn clear(&self) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::take(&mut *shown) {
            let _cleared = Term::stderr().clear_line();
        }
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        self.clear();
    }
}

fn in_words(what: &str, progress: &Progress) -> String {
    let Progress { done, total, message, .. } = progress;
    let message = plain::line(message);
    match total.filter(|total| *total > 0) {
        Some(total) => format!("{what}: {}% ({done} of {total}) {message}", done.saturating_mul(100) / total),
        None => format!("{what}: {done} {message}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_in_words() {
        let half = Progress::new(5, Some(10), "loaves\u{7}");
        assert_eq!(in_words("bake", &half), "bake: 50% (5 of 10) loaves\\u{7}");
        assert_eq!(in_words("bake", &Progress::new(5, None, "")), "bake: 5 ");
    }
}
