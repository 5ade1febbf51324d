//! The service of `spec/vectors/newer.json`: its reports hold an open enum. `spec/vectors/README.md` describes it.

use hallway::Unknown;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What becomes of jobs.
#[hallway::service(name = "jobs", version = "1.0")]
pub trait Jobs {
    /// Gives reports back as they came.
    async fn pass_on(&self, reports: Vec<Report>) -> Vec<Report>;
}

/// What became of one job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// The job.
    pub job: u64,
    /// Where it is.
    pub state: State,
}

/// Where a job is.
#[derive(Debug, Clone, PartialEq, hallway::Open)]
pub enum State {
    /// Nobody works on it.
    Waiting,
    /// Somebody does.
    Running {
        /// How much of it is done.
        percent: u8,
        /// Who does it.
        worker: Option<String>,
    },
    /// It is done.
    #[name = "finished"]
    Done(Done),
    /// What this build does not know.
    Unknown(Unknown),
}

/// What a job has made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Done {
    /// How many files.
    pub files: u64,
}

/// Passes on whatever comes.
#[derive(Debug)]
pub struct Reporter;

impl Jobs for Reporter {
    async fn pass_on(&self, reports: Vec<Report>) -> Vec<Report> {
        reports
    }
}
