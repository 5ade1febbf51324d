//! What an open enum may be.

#[derive(hallway::Open)]
pub enum Closed {
    Waiting,
    Running,
}

#[derive(hallway::Open)]
#[serde(tag = "kind")]
#[serde(deny_unknown_fields)]
pub enum Tagged {
    #[serde(rename = "idle")]
    Waiting,
    #[serde(other)]
    Other,
    #[serde(alias = "busy")]
    Running {
        #[serde(flatten)]
        inner: String,
    },
    Unknown(hallway::Unknown),
}

#[derive(hallway::Open)]
#[serde(untagged)]
pub enum Variants<T> {
    Pair(u8, T),
    #[name = "Pair"]
    Capital,
    #[name = "pair"]
    First,
    #[name = "pair"]
    Second,
    #[name = "rest"]
    Unknown(hallway::Unknown),
    Rest(hallway::Unknown),
}

#[derive(hallway::Open)]
pub struct State {
    percent: u8,
}

fn main() {}
