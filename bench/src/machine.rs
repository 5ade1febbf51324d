//! What it was measured on.

use serde::Serialize;

#[derive(Debug, Serialize)]
pub struct Machine {
    pub processor: String,
    pub cores: usize,
    pub kernel: String,
    pub rust: &'static str,
}

impl Machine {
    pub fn this() -> Self {
        let read = |path| std::fs::read_to_string(path).unwrap_or_default();
        let info = read("/proc/cpuinfo");
        let name = info.lines().find(|line| line.starts_with("model name"));
        let processor = name.and_then(|line| Some(line.split_once(':')?.1.trim())).unwrap_or("unknown");
        Self {
            processor: processor.to_owned(),
            cores: std::thread::available_parallelism().map_or(1, Into::into),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            rust: env!("BENCH_RUSTC"),
        }
    }
}

impl std::fmt::Display for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { processor, cores, kernel, rust } = self;
        write!(f, "{processor}, {cores} cores, Linux {kernel}, {rust}")
    }
}
