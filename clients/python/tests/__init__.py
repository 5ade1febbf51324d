"""The tests: `cargo test -p hallway-clients` runs them with the pad of notes that it has built."""
