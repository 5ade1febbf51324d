//! Conformance suites for hallway.
