//! Implementations that a server cannot run, or that are not of this service.

use std::rc::Rc;

#[hallway::service(name = "mail", version = "1.0")]
pub trait Mail {
    async fn search(&self, query: String) -> u64;
    async fn count(&self) -> u64;
}

struct Store;

impl Mail for Store {
    async fn search(&self, query: String) -> u64 {
        let held = Rc::new(query);
        std::future::ready(()).await;
        held.len() as u64
    }

    async fn count(&self) -> u64 {
        0
    }
}

struct Half;

impl Mail for Half {
    async fn count(&self) -> String {
        String::new()
    }
}

struct NotShared(std::cell::Cell<u64>);

impl Mail for NotShared {
    async fn search(&self, _: String) -> u64 {
        self.0.get()
    }

    async fn count(&self) -> u64 {
        0
    }
}

fn main() {}
