//! What a long call shows while it works: a bar on a terminal, nothing elsewhere.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use hallway::Progress;
use indicatif::{ProgressBar, ProgressStyle};

/// A progress bar on standard error. It appears with the first progress, and goes when it is dropped.
pub(crate) struct Bar {
    what: &'static str,
    bar: Arc<OnceLock<ProgressBar>>,
}

/// How often the bar moves while nothing is heard.
const TICK: Duration = Duration::from_millis(120);

impl Bar {
    pub(crate) fn new(what: &'static str) -> Self {
        Self { what, bar: Arc::default() }
    }

    /// What moves the bar.
    pub(crate) fn shows(&self) -> impl Fn(Progress) + Send + Sync + use<> {
        let (what, bar) = (self.what, Arc::clone(&self.bar));
        move |progress| {
            let bar = bar.get_or_init(|| begin(what));
            if let Some(total) = progress.total.filter(|&total| bar.length() != Some(total)) {
                bar.set_length(total);
                bar.set_style(style("{prefix} [{bar:24}] {percent}% {msg} ({eta} left)"));
            }
            bar.set_position(progress.done);
            bar.set_message(progress.message);
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }
}

fn begin(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_prefix(what);
    bar.set_style(style("{prefix} {spinner} {msg}"));
    bar.enable_steady_tick(TICK);
    bar
}

fn style(template: &str) -> ProgressStyle {
    // The templates above are right; the default is what is left if they were not.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
