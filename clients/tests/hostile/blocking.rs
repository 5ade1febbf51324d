use std::path::Path;
use std::time::Duration;

use hallway::blocking::{Client, Events, Items};
use hallway::service::Method;
use hallway::transport::Address;
use hallway::{CallError, CallOptions};
use serde_json::{Value, json};

use crate::acts::{self, Kind, Taken};
use crate::asynchronous::{NUMBERS, WATCH};

struct Blocking {
    items: Option<Items<Value>>,
    events: Option<Events<Value>>,
    client: Client,
}

pub(crate) fn connect(socket: &Path) -> Box<dyn acts::Client> {
    let client = Client::builder().connect(Address::Unix(socket.to_owned())).unwrap();
    Box::new(Blocking { items: None, events: None, client })
}

impl acts::Client for Blocking {
    fn call(&mut self, method: &str, params: &Value, timeout_ms: Option<u64>) -> Result<Value, CallError> {
        let method = Method { name: method.to_owned().leak(), idempotent: false };
        let options = timeout_ms.map_or_else(CallOptions::new, |timeout| {
            CallOptions::new().deadline(Duration::from_millis(timeout))
        });
        self.client.with(options).call(&method, params)
    }

    fn open(&mut self, kind: Kind, window: Option<u32>) -> Result<(), CallError> {
        let options = window.map_or_else(CallOptions::new, |window| CallOptions::new().window(window));
        let client = self.client.with(options);
        match kind {
            Kind::Stream => self.items = Some(client.stream(&NUMBERS, &json!({}))?),
            Kind::Subscription => self.events = Some(client.subscribe(&WATCH, &json!({}))?),
        }
        Ok(())
    }

    fn next(&mut self) -> Option<Result<Taken, CallError>> {
        match (&mut self.items, &mut self.events) {
            (Some(items), _) => items.next().map(|item| item.map(|_| Taken::Item)),
            (_, Some(events)) => events.next().map(|event| event.map(Taken::Event)),
            _ => panic!("nothing is open"),
        }
    }
}
