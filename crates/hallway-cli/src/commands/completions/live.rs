//! The command line as it is at this moment: with the services, methods and parameters that there are.

use std::ffi::{OsStr, OsString};
use std::time::Duration;

use clap::{Arg, Args as _, Command, CommandFactory as _};
use clap_complete::engine::{ArgValueCandidates, ArgValueCompleter, CompletionCandidate};
use hallway::lifecycle::{Env, Instance, instances};
use hallway::service::{Description, MethodDescription, MethodKind};

use crate::args::Arguments;
use crate::invoke;
use crate::schema::Schema;
use crate::service::{self, Catalog, Found, Target};

/// The command that takes streams alone.
const WATCH: &str = "watch";

/// What could stand there, and what is said of it.
type Choice = (String, String);

/// How long a daemon may take to say what it offers: somebody is waiting at a prompt.
const PATIENCE: Duration = Duration::from_millis(300);

/// The command line, after these words.
pub(super) fn command(words: &[OsString]) -> Command {
    let mut command = Arguments::command().mut_subcommands(named);
    let words: Vec<&str> = words.iter().map(|word| word.to_str().unwrap_or_default()).collect();
    if let Some((&verb, rest)) = words.get(1..).and_then(<[_]>::split_first)
        && let Some(verb) = ["call", WATCH].into_iter().find(|known| *known == verb)
        && let Some(live) = live(verb, rest)
    {
        command = command.mut_subcommand(verb, |_| live);
    }
    command
}

/// A command whose arguments that name something have their candidates.
fn named(command: Command) -> Command {
    let streams = command.get_name() == WATCH;
    command.mut_args(|arg| match arg.get_id().as_str() {
        "service" => arg.add(ArgValueCandidates::new(services)),
        "target" => arg.add(ArgValueCompleter::new(|current: &OsStr| targets(current, true, false))),
        "words" => arg.add(ArgValueCompleter::new(move |current: &OsStr| targets(current, false, streams))),
        _ => arg,
    })
}

/// What may follow a method, or a service. `None`: neither is named yet.
fn live(verb: &'static str, rest: &[&str]) -> Option<Command> {
    let at = first_word(rest)?;
    let known = behind(verb, rest.get(at)?, rest.get(at + 1).copied());
    // Of what nothing is known, nothing is said.
    let nothing = || Command::new(verb).disable_help_flag(true).arg(Arg::new("anything").num_args(0..));
    Some(known.unwrap_or_else(nothing))
}

fn behind(verb: &'static str, target: &str, second: Option<&str>) -> Option<Command> {
    let Target { instance, method } = Target::parse(target).ok()?;
    let catalog = service::describe(&instance, PATIENCE).ok()?;
    match (method, second) {
        (Some(method), _) => Some(of_method(verb, &catalog, catalog.method(&method).ok()?, 1)),
        (None, Some(method)) => Some(of_method(verb, &catalog, catalog.method(method).ok()?, 2)),
        (None, None) => {
            let methods = methods(&catalog, verb == WATCH, |target| target.method.unwrap_or_default());
            let candidates = ArgValueCandidates::new(move || methods.iter().map(candidate).collect());
            let method = Arg::new("method").index(2).add(candidates);
            let command = invoke::Options::augment_args(Command::new(verb));
            Some(command.arg(Arg::new("target").index(1)).arg(method))
        }
    }
}

/// The method's own command line, behind so many words that name it.
fn of_method(verb: &'static str, catalog: &Catalog, found: Found<'_>, named_by: usize) -> Command {
    let parameters = parameters(found.service, found.method);
    let values = ArgValueCompleter::new(move |current: &OsStr| {
        let current = current.to_string_lossy();
        // The names alone, until one is written.
        let is_named = current.contains('=');
        let fits = |(word, _): &&Choice| word.starts_with(&*current) && is_named != word.ends_with('=');
        parameters.iter().filter(fits).map(candidate).collect::<Vec<_>>()
    });
    let command = invoke::command(verb, catalog, found);
    let command = command.mut_arg(invoke::VALUES, |arg| arg.index(named_by + 1).add(values));
    (1..=named_by).fold(command, |command, index| command.arg(Arg::new(format!("named{index}")).index(index)))
}

/// `name=`, and `name=value` where the values are known.
fn parameters(service: &Description, method: &MethodDescription) -> Vec<Choice> {
    let mut all = Vec::new();
    for param in &method.params {
        let schema = Schema::new(&param.schema, &service.types).without_null();
        all.push((format!("{}=", param.name), param.docs.clone()));
        let values = schema.values().into_iter().filter_map(|(value, docs)| Some((value.as_str()?, docs)));
        all.extend(values.map(|(value, docs)| (format!("{}={value}", param.name), docs.to_owned())));
        if schema.resolved().kinds() == ["boolean"] {
            all.extend(["true", "false"].map(|value| (format!("{}={value}", param.name), String::new())));
        }
    }
    all
}

/// The first word that is no option, nor the value of one.
fn first_word(words: &[&str]) -> Option<usize> {
    let mut at = 0;
    loop {
        match *words.get(at)? {
            "-f" | "-q" | "--format" | "--field" | "--json" | "--deadline" => at += 2,
            option if option.starts_with('-') => at += 1,
            _ => return Some(at),
        }
    }
}

/// The services by name.
fn services() -> Vec<CompletionCandidate> {
    known().iter().map(|instance| CompletionCandidate::new(instance.stem())).collect()
}

fn known() -> Vec<Instance> {
    let all = instances(&Env::process()).unwrap_or_default();
    all.into_iter().filter(|instance| service::is_known(instance).unwrap_or(false)).collect()
}

/// The methods of the services that run, and the names of the others; where a service alone will do, of all.
fn targets(current: &OsStr, alone: bool, streams: bool) -> Vec<CompletionCandidate> {
    let current = current.to_string_lossy();
    let mut found: Vec<Choice> = Vec::new();
    for instance in known() {
        // One that cannot be meant is not asked.
        let name = instance.stem();
        if !name.starts_with(&*current) && !current.starts_with(name) {
            continue;
        }
        match service::describe(&instance, PATIENCE) {
            Ok(catalog) => {
                let summary = catalog.own().next().map(Description::summary).unwrap_or_default();
                found.extend(alone.then(|| (name.to_owned(), summary)));
                found.extend(methods(&catalog, streams, |target| target.to_string()));
            }
            Err(_) => found.push((name.to_owned(), "does not run".to_owned())),
        }
    }
    found.iter().filter(|(word, _)| word.starts_with(&*current)).map(candidate).collect()
}

/// The methods of a daemon, or those that stream, by what `name` makes of them.
fn methods(catalog: &Catalog, streams: bool, name: impl Fn(Target) -> String) -> Vec<Choice> {
    let all =
        catalog.own().flat_map(|service| service.methods.iter().map(move |method| Found { service, method }));
    let wanted = all.filter(|found| {
        !streams || matches!(found.method.kind, MethodKind::Stream | MethodKind::Subscription)
    });
    wanted.map(|found| (name(catalog.target_of(found)), found.method.summary())).collect()
}

fn candidate((word, help): &Choice) -> CompletionCandidate {
    let help = help.trim().lines().next().map(|help| help.to_owned().into());
    CompletionCandidate::new(word).help(help)
}
