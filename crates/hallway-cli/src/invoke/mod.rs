//! What `call` and `watch` have in common: from words to a method with checked parameters on an open connection, and how
//! its answers are waited for.

mod events;
mod interrupt;
mod method;
mod params;
mod progress;

pub(crate) use interrupt::heard;
pub(crate) use method::{VALUES, command};
pub(crate) use progress::ProgressLine;

use std::time::{Duration, Instant};

use clap::{Args, FromArgMatches as _};
use hallway::lifecycle::Instance;
use hallway::server::AdminClient;
use hallway::service::{Method, MethodDescription};
use hallway::{CallError, CallOptions, Client};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use tokio::runtime::Runtime;

use crate::args::duration;
use crate::failure::Failure;
use crate::output::OutputArguments;
use crate::service::{self, Catalog, PROGRAM, Reach, Target};

/// How long a daemon may take to come up, if the caller does not say.
const START_DEADLINE: Duration = Duration::from_secs(30);

/// What may be said of every call, before the method's name and behind it.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) output: OutputArguments,
    /// The parameters as one JSON object: written out, of a file as `@FILE`, or `-` for standard input. Those that are
    /// given otherwise are added.
    #[arg(long, value_name = "JSON")]
    json: Option<String>,
    /// Gives up after so long, a start included: `2`, `0.5`, `500ms`, `2s`, `5m`, `1h`. The service is told, and stops.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    deadline: Option<Duration>,
}

/// The command line of a call.
#[derive(Debug, Args)]
pub(crate) struct InvokeArguments {
    #[command(flatten)]
    pub(crate) options: Options,
    /// The method, then its parameters. `NAME=VALUE` is read as what the method takes, `NAME:=JSON` as JSON;
    /// `--NAME VALUE` is the same. Lists take several. Bytes come from a file as `NAME=@FILE`.
    #[arg(
        value_name = "SERVICE.METHOD [NAME=VALUE]...",
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub(crate) words: Vec<String>,
}

/// A call that can be made.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) client: Client,
    pub(crate) described: MethodDescription,
    pub(crate) method: Method,
    pub(crate) params: Map<String, Value>,
    pub(crate) output: OutputArguments,
    pub(crate) target: Target,
    pub(crate) progress: ProgressLine,
    /// How the client comes to the daemon.
    pub(crate) reach: Reach,
    /// How long all of it may take.
    deadline: Option<Duration>,
}

/// What calls run on: one thread, since there is one call.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

impl Prepared {
    /// Why the call failed, and what to do about it.
    pub(crate) fn failed(&self, error: CallError) -> Failure {
        let failure = match (error, self.deadline) {
            // What was left of it for the call itself is not what was asked for.
            (CallError::Deadline { .. }, Some(deadline)) => CallError::Deadline { after: deadline }.into(),
            (error @ CallError::Closed { .. }, _) => {
                Failure::from(error).hint(format!("`hallway logs {}` may tell why", self.target.instance))
            }
            (error, _) => service::explain(error, &self.target.instance),
        };
        failure.of(&self.output)
    }

    /// Prints the items of a stream as they come.
    pub(crate) async fn items(&self) -> Result<(), Failure> {
        let items = self.client.stream::<_, Box<RawValue>>(&self.method, &self.params).await;
        let mut items = items.map_err(|error| self.failed(error))?;
        while let Some(item) = items.next().await {
            let item = item.map_err(|error| self.failed(error))?;
            self.progress.clear();
            self.output.print_item(&item)?;
        }
        Ok(())
    }
}

/// Finds the service, starts it if need be, and holds what was given against what it says that it takes.
pub(crate) async fn prepare(verb: &'static str, arguments: InvokeArguments) -> Result<Prepared, Failure> {
    let InvokeArguments { mut options, words } = arguments;
    let began = Instant::now();
    let (target, rest) = split(&words)?;
    let within = options.deadline.unwrap_or(START_DEADLINE);
    let reach = Reach::new(&target.instance, within);
    let client = Client::builder().program(PROGRAM).connect(reach.clone()).await;
    let client = client.map_err(|error| service::explain(error, &target.instance))?;
    let catalog = describe(&client, &target.instance, within).await?;
    let Some(name) = &target.method else { return Err(which_method(verb, &catalog, rest)) };
    let found = catalog.method(name)?;
    let matches = method::command(verb, &catalog, found)
        .no_binary_name(true)
        .try_get_matches_from(rest)
        .unwrap_or_else(|error| error.exit());
    options.update_from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let target = catalog.target_of(found);
    let params = params::assemble(found, options.json.as_deref(), &matches)
        .map_err(|failure| failure.hint(format!("`hallway {verb} {target} --help` tells what it takes")))
        .map_err(|failure| failure.of(&options.output))?;
    let progress = ProgressLine::new(&found.method.name);
    let mut call = CallOptions::new().on_progress(progress.shows());
    if let Some(deadline) = options.deadline {
        call = call.deadline(deadline.saturating_sub(began.elapsed()));
    }
    // One name, for as long as this process lives.
    let full_name: &'static str = found.full_name().leak();
    Ok(Prepared {
        client: client.with(call),
        reach,
        deadline: options.deadline,
        method: Method { name: full_name, idempotent: found.method.idempotent },
        described: found.method.clone(),
        params,
        output: options.output,
        target,
        progress,
    })
}

/// The method, in the first word or the first two, and what is said to it.
fn split(words: &[String]) -> Result<(Target, &[String]), Failure> {
    let (first, rest) = words.split_first().ok_or_else(|| Failure::usage("name a method: SERVICE.METHOD"))?;
    if first.starts_with('-') {
        return Err(Failure::usage(format!(
            "no option `{first}` of the command itself; those of a method stand behind its name"
        )));
    }
    let target = Target::parse(first)?;
    match (&target.method, rest.split_first()) {
        (None, Some((method, rest))) if !method.starts_with('-') && !method.contains('=') => {
            Ok((Target { method: Some(method.clone()), ..target }, rest))
        }
        _ => Ok((target, rest)),
    }
}

/// What the daemon offers.
async fn describe(client: &Client, instance: &Instance, within: Duration) -> Result<Catalog, Failure> {
    let client = AdminClient::new(client.with(CallOptions::new().deadline(within)));
    let services = client.describe(None).await.map_err(|error| service::explain(error, instance))?;
    Ok(Catalog::new(instance, services))
}

/// A service was named and no method of it: the question is which there are.
fn which_method(verb: &'static str, catalog: &Catalog, rest: &[String]) -> Failure {
    if let Err(help) = method::methods(verb, catalog).no_binary_name(true).try_get_matches_from(rest)
        && help.kind() == clap::error::ErrorKind::DisplayHelp
    {
        help.exit();
    }
    let instance = catalog.instance();
    let methods = catalog.own().flat_map(|service| &service.methods);
    let names: Vec<&str> = methods.map(|method| method.name.as_str()).collect();
    Failure::usage(format!("name a method of {instance}: {}", names.join(", ")))
        .hint(format!("`hallway {verb} {instance} --help` tells what they do"))
}
