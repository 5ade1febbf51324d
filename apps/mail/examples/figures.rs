//! Measures the engine on made-up mail: `cargo run --release -p hallway-mail --example figures -- 100000`.

use std::error::Error;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use hallway_mail::mailbox::Found;
use hallway_mail::{Engine, Mark, Sort, synthetic};

/// The mail is the same in every run.
const SEED: u64 = 1;

/// How often each question is asked.
const ROUNDS: usize = 1000;

fn main() -> Result<(), Box<dyn Error>> {
    let count: u64 = std::env::args().nth(1).map_or(Ok(10_000), |count| count.parse())?;
    let dir = tempfile::tempdir()?;
    let engine = Engine::open(dir.path())?;

    let mut mailbox = synthetic::mailbox(SEED, count).map(|entry| Ok(Found::Message(entry)));
    let (mut bytes, start) = (0, Instant::now());
    engine.import(&mut mailbox, &mut |progress| {
        bytes = progress.bytes;
        ControlFlow::Continue(())
    })?;
    let took = start.elapsed();
    println!(
        "import            {count} messages, {} MiB in {took:.1?}: {:.0}/s",
        bytes >> 20,
        per_second(count, took)
    );

    let stats = engine.stats()?;
    println!(
        "on disk           database {} MiB, index {} MiB",
        stats.database_bytes >> 20,
        stats.index_bytes >> 20
    );

    let start = Instant::now();
    engine.reindex(&mut |_| ControlFlow::Continue(()))?;
    let took = start.elapsed();
    println!("reindex           {took:.1?}: {:.0}/s", per_second(count, took));
    println!("index rebuilt     {} MiB", engine.stats()?.index_bytes >> 20);

    let newest = engine.search("", 1, Sort::Date)?[0].id;
    show(
        "mark",
        &times(100, |n| {
            engine.mark(&[newest], if n % 2 == 0 { Mark::Flagged } else { Mark::Unflagged }).map(drop)
        })?,
    );
    drop(engine);

    let open = || Engine::open(dir.path());
    show("open", &times(100, |_| open().map(drop))?);
    show(
        "open and search",
        &times(100, |_| open()?.search("from:alice is:unread", 50, Sort::Date).map(drop))?,
    );

    let engine = open()?;
    let subject = engine.search("", 1, Sort::Date)?[0].subject.clone();
    let word = subject.split_whitespace().last().unwrap_or("the").to_owned();
    let queries = [
        "from:alice is:unread",
        &word,
        "is:flagged -has:attachment",
        "on:2020-03",
        "",
        &format!("\"{subject}\""),
    ];
    for query in queries {
        for (name, sort) in [("date", Sort::Date), ("relevance", Sort::Relevance)] {
            let found = engine.count(query)?;
            let label = format!("search {query:?} by {name}, {found} found");
            show(&label, &times(ROUNDS, |_| engine.search(query, 50, sort).map(drop))?);
        }
    }
    Ok(())
}

/// How long each of `rounds` runs takes, shortest first.
fn times<E>(rounds: usize, mut run: impl FnMut(usize) -> Result<(), E>) -> Result<Vec<Duration>, E> {
    let mut times = Vec::with_capacity(rounds);
    for round in 0..rounds {
        let start = Instant::now();
        run(round)?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    Ok(times)
}

fn show(name: &str, times: &[Duration]) {
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
    println!("{name:<60} p50 {:>9.2?}  p99 {:>9.2?}", at(50), at(99));
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn per_second(count: u64, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}
