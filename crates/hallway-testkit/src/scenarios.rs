use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use hallway::connection::Wire;

use crate::{Setting, Transport};

/// How long a scenario may take in one setting; each wait in it has its own, shorter deadline.
const SCENARIO: Duration = Duration::from_secs(30);

/// How long tasks that a scenario has left behind are waited for.
const LEFT_OVER: Duration = Duration::from_secs(1);

/// How many settings may fail before the others are left: a scenario that hangs takes its whole deadline.
const FAILURES: usize = 2;

/// Runs a scenario over one transport and every wire. Each run has a runtime of its own, with two threads,
/// so that what can race does.
///
/// # Panics
/// When it failed in one of the settings or more; the message names them.
pub fn run(transport: Transport, scenario: impl AsyncFn(Setting)) {
    let settings = Wire::all().map(|wire| Setting::new(transport, wire));
    let failed: Vec<String> = settings
        .filter(|&setting| catch_unwind(AssertUnwindSafe(|| run_once(setting, &scenario))).is_err())
        .map(|setting| setting.to_string())
        .take(FAILURES)
        .collect();
    assert!(failed.is_empty(), "failed over: {}", failed.join(", "));
}

fn run_once(setting: Setting, scenario: &impl AsyncFn(Setting)) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime can be built");
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async {
            let finished = tokio::time::timeout(SCENARIO, scenario(setting)).await;
            assert!(finished.is_ok(), "{setting}: not finished within {SCENARIO:?}");
        });
    }));
    runtime.shutdown_timeout(LEFT_OVER);
    if let Err(panic) = outcome {
        eprintln!("^ over {setting}");
        std::panic::resume_unwind(panic);
    }
}

/// Makes a test of every scenario on every transport that it is `on`, each over every wire. Stands once,
/// in the root of a test program.
///
/// A scenario is an `async fn(Setting)`. After `on` come transports (`memory`, `unix`, `tcp`, `stdio`), or
/// one of
///
/// - `everything`: all of them;
/// - `shared`: those where several clients reach one server, that is all but `stdio`;
/// - `sockets`: `unix` and `tcp`.
///
/// `services` is the function that puts the services onto the server; a child process uses it too.
#[macro_export]
macro_rules! scenarios {
    (services: $services:expr; $($scenario:ident $(:: $inner:ident)* on $($transport:ident),+;)*) => {
        /// The child of the `stdio` tests; on its own it does nothing.
        #[test]
        fn stdio_child() {
            $crate::serve_as_child($services);
        }

        $($crate::scenarios!(@test [$scenario $(:: $inner)*] $scenario $($inner)* ; $($transport)+);)*
    };
    // The last name of the path names the test.
    (@test [$path:path] $first:ident $second:ident ; $($transport:ident)+) => {
        $crate::scenarios!(@test [$path] $second ; $($transport)+);
    };
    (@test [$path:path] $name:ident ; everything) => {
        $crate::scenarios!(@test [$path] $name ; memory unix tcp stdio);
    };
    (@test [$path:path] $name:ident ; shared) => {
        $crate::scenarios!(@test [$path] $name ; memory unix tcp);
    };
    (@test [$path:path] $name:ident ; sockets) => {
        $crate::scenarios!(@test [$path] $name ; unix tcp);
    };
    (@test [$path:path] $name:ident ; $($transport:ident)+) => {
        mod $name {
            use super::*;

            $(#[test]
            fn $transport() {
                $crate::run($crate::scenarios!(@transport $transport), $path);
            })+
        }
    };
    (@transport memory) => { $crate::Transport::Memory };
    (@transport unix) => { $crate::Transport::Unix };
    (@transport tcp) => { $crate::Transport::Tcp };
    (@transport stdio) => { $crate::Transport::Stdio };
}
