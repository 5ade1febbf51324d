//! What the methods may be called.

#[hallway::service(name = "mail", version = "1.0")]
pub trait Mail {
    async fn search(&self) -> u64;
    #[name = "search"]
    async fn find(&self) -> u64;
    #[name = "Find"]
    async fn capital(&self) -> u64;
    #[name(find)]
    async fn list(&self) -> u64;
    async fn with(&self) -> u64;
    #[idempotent(yes)]
    async fn flag(&self) -> u64;
    #[idempotent]
    #[idempotent]
    async fn twice(&self) -> u64;
}

fn main() {}
