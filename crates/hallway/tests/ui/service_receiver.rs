//! How a method takes its service, and how it may be qualified.

#[hallway::service(name = "mail", version = "1.0")]
pub trait Mail {
    async fn none() -> u64;
    async fn none_but_arguments(limit: u32) -> u64;
    async fn exclusive(&mut self) -> u64;
    async fn by_value(self) -> u64;
    async fn shared(self: Arc<Self>) -> u64;
    async fn generic<T>(&self, query: T) -> u64;
    async fn bounded(&self) -> u64
    where
        Self: Sized;
    async unsafe fn unchecked(&self) -> u64;
}

fn main() {}
