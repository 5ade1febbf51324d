//! How long a message to a method may be.

const MANY: usize = 4;

#[hallway::service(name = "mail", version = "1.0")]
pub trait Mail {
    #[params_max = 0]
    async fn nothing(&self) -> u64;
    #[params_max = MANY * 1024 * 1024]
    async fn enough(&self) -> u64;
    #[params_max = MANY * hallway::limits::FRAME_MAX]
    async fn too_much(&self) -> u64;
}

fn main() {}
