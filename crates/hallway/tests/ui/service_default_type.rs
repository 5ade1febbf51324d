//! A default of another type than its parameter is shown where it is written.

#[hallway::service(name = "mail", version = "1.0")]
pub trait Mail {
    async fn search(&self, #[default("fifty")] limit: u32) -> u64;
}

fn main() {}
