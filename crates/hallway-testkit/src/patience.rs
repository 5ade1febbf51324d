use std::fmt::Display;
use std::future::Future;
use std::time::Duration;

/// How long a test waits for anything: long enough for a loaded machine, short enough that a hang is a
/// failure with a name.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Waits for `what`, at most [`PATIENCE`].
///
/// # Panics
/// When it has not happened by then; the message says what.
pub async fn within<F: Future>(what: impl Display, future: F) -> F::Output {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(output) => output,
        Err(_elapsed) => panic!("not within {PATIENCE:?}: {what}"),
    }
}

/// Looks again and again until `holds`, at most for [`PATIENCE`]: for what tells nobody when it changes,
/// such as a counter of the system.
///
/// # Panics
/// When it does not hold by then; the message says what.
pub async fn eventually(what: impl Display, mut holds: impl AsyncFnMut() -> bool) {
    let looking = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    within(what, looking).await;
}
