//! `hallway watch`: a stream until it is interrupted, over the ends of connections and daemons.

use std::time::Duration;

use hallway::client::CallError;
use hallway::connection::Closed;
use hallway::service::MethodKind;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::invoke::{InvokeArguments, Prepared, prepare, runtime};
use crate::service::Target;

/// What a subscription calls the number of the last event that is known, by custom.
const SINCE: &str = "since";

/// How long to wait before it is asked again of a daemon that was lost twice without an event in between.
const PAUSE: Duration = Duration::from_millis(250);

/// The longest such wait.
const PAUSE_MAX: Duration = Duration::from_secs(10);

pub(crate) fn run(arguments: InvokeArguments) -> Result<(), Failure> {
    runtime()?.block_on(async {
        let call = prepare("watch", arguments).await?;
        match call.described.kind {
            MethodKind::Subscription => call.unless_interrupted(watch(&call)).await,
            MethodKind::Stream => call.unless_interrupted(call.items()).await,
            _ => Err(Failure::usage(format!("{} has no stream to watch", call.target))
                .hint(format!("`hallway call {}` calls it once", call.target))),
        }
    })
}

async fn watch(call: &Prepared) -> Result<(), Failure> {
    let resumes = call.described.params.iter().any(|param| param.name == SINCE);
    let instance = &call.target.instance;
    let mut params = call.params.clone();
    let mut last = params.get(SINCE).and_then(serde_json::Value::as_u64);
    let mut pause = Duration::ZERO;
    loop {
        let before = last;
        let error = match call.events(&params, &mut last).await? {
            Ok(()) => return Ok(()),
            Err(error) if error.code() == NOT_RUNNING => return Err(gone(call)),
            Err(error) => error,
        };
        let Some(lost) = lost(&error) else { return Err(call.failed(error)) };
        // Where somebody wanted it to leave, its successor is followed, and none is started.
        call.reach.starts(lost == Lost::Died);
        let how = match lost {
            Lost::Died => format!("the connection to {instance} was lost: {error}"),
            Lost::Left => format!("{instance} has left"),
        };
        match last.filter(|_| resumes) {
            Some(last) => {
                params.insert(SINCE.to_owned(), last.into());
                eprintln!("{how}; going on after number {last}");
            }
            None => eprintln!("{how}; going on with what comes now"),
        }
        pause = if last == before { (pause * 2).clamp(PAUSE, PAUSE_MAX) } else { Duration::ZERO };
        tokio::time::sleep(pause).await;
    }
}

/// How a daemon was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lost {
    /// In good order.
    Left,
    /// Without a word.
    Died,
}

/// Whether an error is the loss of the daemon rather than its word.
fn lost(error: &CallError) -> Option<Lost> {
    match error {
        CallError::Closed { closed, .. } if closed.code == Closed::GOAWAY => Some(Lost::Left),
        CallError::Closed { .. } => Some(Lost::Died),
        CallError::Remote(error) if error.code == "closing" => Some(Lost::Left),
        _ => None,
    }
}

/// It has left, and nobody serves in its place.
fn gone(call: &Prepared) -> Failure {
    let Target { instance, .. } = &call.target;
    Failure::new(Exit::Unreachable, NOT_RUNNING, format!("{instance} has stopped"))
        .hint(format!("`hallway watch {}` starts it", call.target))
}

/// The code of a daemon that does not run.
const NOT_RUNNING: &str = "not_running";
