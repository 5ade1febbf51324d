//! What a method may ask of a server.

#[hallway::service(name = "mail", version = "1.0")]
pub trait Mail {
    #[bulk(yes)]
    async fn flag(&self) -> u64;
    #[params_max(4096)]
    async fn list(&self) -> u64;
    #[params_max = "4 KiB"]
    async fn text(&self) -> u64;
    #[params_max = 1024]
    #[params_max = 2048]
    async fn twice(&self) -> u64;
}

fn main() {}
