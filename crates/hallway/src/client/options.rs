use std::sync::Arc;
use std::time::Duration;

use crate::connection::window::Window;
use crate::protocol::{Call, Progress};

/// What goes along with calls, set with the `with` of a client.
#[derive(Clone, Default)]
pub struct CallOptions {
    deadline: Option<Duration>,
    window: Option<u32>,
    trace: Option<Arc<str>>,
    key: Option<Arc<str>>,
    progress: Option<Arc<dyn Fn(Progress) + Send + Sync>>,
}

impl CallOptions {
    /// Nothing: no deadline, the usual window.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How long a call may take, retries included. It goes along on the wire: the handler is dropped when
    /// it passes. For a stream, until its end.
    #[must_use]
    pub fn deadline(mut self, after: Duration) -> Self {
        self.deadline = Some(after.min(crate::limits::DEADLINE_MAX));
        self
    }

    /// How many items of a stream may be on the way before they are taken, at least 1.
    #[must_use]
    pub fn window(mut self, items: u32) -> Self {
        self.window = Some(items.clamp(1, crate::limits::STREAM_WINDOW_MAX));
        self
    }

    /// The W3C `traceparent` of the caller's span.
    #[must_use]
    pub fn trace(mut self, parent: impl Into<Arc<str>>) -> Self {
        self.trace = Some(parent.into());
        self
    }

    /// An idempotency key: two calls with the same one have one effect, where the method keeps keys.
    #[must_use]
    pub fn key(mut self, key: impl Into<Arc<str>>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// What to do with the progress that a call reports.
    #[must_use]
    pub fn on_progress(mut self, act: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.progress = Some(Arc::new(act));
        self
    }

    pub(crate) fn progressed(&self, progress: Progress) {
        if let Some(act) = &self.progress {
            act(progress);
        }
    }

    pub(crate) fn deadline_after(&self) -> Option<Duration> {
        self.deadline
    }

    pub(crate) fn stream_window(&self) -> Window {
        Window::new(self.window)
    }

    /// A call with these options; `left` is what is left of its deadline.
    pub(crate) fn call<'a, P>(&'a self, method: &'a str, params: P, left: Option<Duration>) -> Call<'a, P> {
        let mut call = Call::new(None, method, Some(params));
        // Rounded up: the server must not give up before the caller does.
        call.deadline_ms =
            left.map(|left| u64::try_from(left.as_micros().div_ceil(1000)).unwrap_or(u64::MAX));
        call.trace = self.trace.as_deref().map(Into::into);
        call.key = self.key.as_deref().map(Into::into);
        call
    }
}

impl std::fmt::Debug for CallOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CallOptions")
            .field("deadline", &self.deadline)
            .field("window", &self.window)
            .field("trace", &self.trace)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}
