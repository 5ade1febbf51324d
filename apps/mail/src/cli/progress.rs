//! What a long command shows while it works: a bar on a terminal, nothing elsewhere until it is done.

use std::time::Duration;

use hallway::{CallOptions, Progress};
use indicatif::{ProgressBar, ProgressStyle};

/// A progress bar on standard error.
pub(crate) struct Bar {
    bar: ProgressBar,
    what: &'static str,
}

/// How often the bar moves while nothing is heard.
const TICK: Duration = Duration::from_millis(120);

impl Bar {
    pub(crate) fn new(what: &'static str) -> Self {
        let bar = ProgressBar::new_spinner().with_prefix(what);
        bar.set_style(style("{prefix} {spinner} {msg}"));
        bar.enable_steady_tick(TICK);
        Self { bar, what }
    }

    /// Options with which a call moves the bar.
    pub(crate) fn options(&self) -> CallOptions {
        let bar = self.bar.clone();
        CallOptions::new().on_progress(move |progress: Progress| {
            if let Some(total) = progress.total.filter(|&total| bar.length() != Some(total)) {
                bar.set_length(total);
                bar.set_style(style("{prefix} [{bar:30}] {percent}% {msg} ({eta} left)"));
            }
            bar.set_position(progress.done);
            bar.set_message(progress.message);
        })
    }

    /// Leaves one line instead of the bar.
    pub(crate) fn finish(self, done: &str) {
        self.bar.finish_and_clear();
        eprintln!("{}: {done}.", self.what);
    }
}

fn style(template: &str) -> ProgressStyle {
    // The templates above are right; the default is what is left if they were not.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
