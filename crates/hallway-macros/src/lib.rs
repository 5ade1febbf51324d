//! The service declaration of hallway.
