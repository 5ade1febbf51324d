//! What a parameter may be.

#[hallway::service(name = "mail", version = "1.0")]
pub trait Mail {
    async fn pattern(&self, (from, to): (u32, u32)) -> u64;
    async fn nameless(&self, _: u32) -> u64;
    async fn mutable(&self, mut limit: u32) -> u64;
    async fn text(&self, query: &str) -> u64;
    async fn path(&self, path: &Path) -> u64;
    async fn bytes(&self, data: &[u8]) -> u64;
    async fn inside(&self, words: Vec<&str>) -> u64;
    async fn lifetime(&self, query: Cow<'static, str>) -> u64;
    async fn any(&self, query: impl Into<String>) -> u64;
    async fn boxed(&self, query: Box<dyn ToString>) -> u64;
    async fn itself(&self, other: Self) -> u64;
    async fn contexts(&self, cx: &Context, again: &hallway::Context) -> u64;
    async fn owned_context(&self, cx: Context) -> u64;
    async fn default_context(&self, #[default] cx: &Context) -> u64;
    async fn default_value(&self, #[default = 50] limit: u32) -> u64;
    async fn default_twice(&self, #[default(1)] #[default(2)] limit: u32) -> u64;
    async fn conditional(&self, #[cfg(unix)] limit: u32) -> u64;
}

fn main() {}
