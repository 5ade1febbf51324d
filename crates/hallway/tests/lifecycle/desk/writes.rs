//! A system that takes no bytes for a while, as `strace` makes it.

use std::time::Duration;

use hallway::server::AdminBlockingClient;

use super::accept::injected;
use super::descriptors::processor_time;
use super::{ended, terminate, world};

/// Calls that each have one answer to be written.
const CALLS: u32 = 200;

#[test]
fn f34_answers_are_written_when_the_system_takes_them() {
    for error in ["ENOBUFS", "ENOMEM", "EINTR"] {
        let world = world();
        let mut daemon = injected(&world, &format!("inject=sendto:error={error}:when=3+7"));
        let client = world.blocking();
        let pid = client.pid().unwrap();
        let before = processor_time(pid);
        for _ in 0..CALLS {
            assert_eq!(client.pid().unwrap(), pid, "{error}");
        }
        let status = AdminBlockingClient::new(client.client().clone()).status().unwrap();
        assert_eq!(status.connections.total, 1, "{error}: on one connection");
        let used = processor_time(pid) - before;
        println!("{error}: {used:?} of processor time for {CALLS} calls");
        assert!(used < Duration::from_secs(2), "{error}: it spins, {used:?}");
        terminate(pid);
        assert_eq!(ended(&mut daemon), Some(0), "{error}");
    }
}
