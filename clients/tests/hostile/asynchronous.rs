use std::path::Path;
use std::time::Duration;

use hallway::service::Method;
use hallway::transport::Address;
use hallway::{CallError, CallOptions, Client, Events, Items};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use crate::acts::{self, Kind, Taken};

struct Asynchronous {
    client: Option<Client>,
    items: Option<Items<Value>>,
    events: Option<Events<Value>>,
    runtime: Runtime,
}

pub(crate) fn connect(socket: &Path) -> Box<dyn acts::Client> {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let client = runtime.block_on(Client::builder().connect(Address::Unix(socket.to_owned()))).unwrap();
    Box::new(Asynchronous { client: Some(client), items: None, events: None, runtime })
}

impl acts::Client for Asynchronous {
    fn call(&mut self, method: &str, params: &Value, timeout_ms: Option<u64>) -> Result<Value, CallError> {
        let method = Method { name: method.to_owned().leak(), idempotent: false };
        let options = timeout_ms.map_or_else(CallOptions::new, |timeout| {
            CallOptions::new().deadline(Duration::from_millis(timeout))
        });
        let client = self.client.as_ref().unwrap().with(options);
        self.runtime.block_on(client.call(&method, params))
    }

    fn open(&mut self, kind: Kind, window: Option<u32>) -> Result<(), CallError> {
        let options = window.map_or_else(CallOptions::new, |window| CallOptions::new().window(window));
        let client = self.client.as_ref().unwrap().with(options);
        self.runtime.block_on(async {
            match kind {
                Kind::Stream => self.items = Some(client.stream(&NUMBERS, &json!({})).await?),
                Kind::Subscription => self.events = Some(client.subscribe(&WATCH, &json!({})).await?),
            }
            Ok(())
        })
    }

    fn next(&mut self) -> Option<Result<Taken, CallError>> {
        self.runtime.block_on(async {
            match (&mut self.items, &mut self.events) {
                (Some(items), _) => items.next().await.map(|item| item.map(|_| Taken::Item)),
                (_, Some(events)) => events.next().await.map(|event| event.map(Taken::Event)),
                _ => panic!("nothing is open"),
            }
        })
    }
}

impl Drop for Asynchronous {
    /// The last who uses the connection ends it, which takes the runtime.
    fn drop(&mut self) {
        drop((self.items.take(), self.events.take(), self.client.take()));
        let runtime = std::mem::replace(&mut self.runtime, Builder::new_current_thread().build().unwrap());
        runtime.shutdown_timeout(Duration::from_secs(10));
    }
}

pub(crate) static NUMBERS: Method = Method { name: "notes.numbers", idempotent: false };
pub(crate) static WATCH: Method = Method { name: "notes.watch", idempotent: false };
