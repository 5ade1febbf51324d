//! `#[hallway::service]` and `#[derive(hallway::Error)]`, from one process end to the other.

mod context;
mod description;
mod errors;
mod parameters;
mod sample;
mod shapes;
mod streams;
