//! No conversation at all: what it costs to start this program and to end it.

use std::time::{Duration, Instant};

use super::{Client, Peer, Ready};
use crate::Outcome;
use crate::measures::Measure;
use crate::place::Site;
use crate::runtime::Runtime;

const NOTHING: &str = "there is nothing to be called";

#[derive(Debug)]
pub struct Nothing;

impl Peer for Nothing {
    fn name(&self) -> &'static str {
        "floor-process"
    }

    fn about(&self) -> &'static str {
        "a process of this program that does nothing"
    }

    fn runtimes(&self) -> &'static [Runtime] {
        Runtime::THREADS
    }

    fn does(&self, measure: Measure) -> bool {
        measure == Measure::Cold
    }

    fn serve(&self, _: &Site, _: Runtime, ready: Ready) -> Outcome {
        ready.say();
        loop {
            std::thread::park();
        }
    }

    fn connect(&self, _: &Site, _: Runtime, _: usize) -> Outcome<Box<dyn Client>> {
        Ok(Box::new(Self))
    }
}

impl Client for Nothing {
    fn sequential(&mut self, _: Instant) -> Outcome<Vec<Duration>> {
        Err(NOTHING.into())
    }

    fn pipelined(&mut self, _: usize, _: Instant) -> Outcome<u64> {
        Err(NOTHING.into())
    }

    fn bulk(&mut self, _: Instant) -> Outcome<u64> {
        Err(NOTHING.into())
    }

    fn stream(&mut self, _: Instant) -> Outcome<u64> {
        Err(NOTHING.into())
    }

    fn greet(&mut self) -> Outcome {
        Ok(())
    }
}
