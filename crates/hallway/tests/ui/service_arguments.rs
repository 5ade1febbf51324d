//! What is written in the attribute itself.

#[hallway::service]
pub trait Nothing {
    async fn count(&self) -> u64;
}

#[hallway::service(name = "Mail-Box", version = "latest")]
pub trait BadlyFormed {
    async fn count(&self) -> u64;
}

#[hallway::service(name = "hallway_mail", version = "1.0")]
pub trait Reserved {
    async fn count(&self) -> u64;
}

#[hallway::service(name = "mail", version = "1.0", port = 8080)]
pub trait Unknown {
    async fn count(&self) -> u64;
}

#[hallway::service(name = "mail", name = "post", version = "1.0")]
pub trait Twice {
    async fn count(&self) -> u64;
}

#[hallway::service(name = "mail")]
pub trait BothHalves {
    async fn count(&mut self) -> u64;
}

fn main() {}
