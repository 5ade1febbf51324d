//! What is different between two versions of a service, each with the rule that says what it means.

use hallway::limits::PARAMS_MAX;
use hallway::service::{Description, ErrorDescription, MethodDescription, ParamDescription};
use serde::Serialize;
use serde_json::Value;

use super::rules::{Rule, Verdict};
use super::values::{Misfit, Unknown, below, is_same, misfits};
use crate::schema::Schema;

/// What is said of a schema that takes the same values by other words.
const REWRITTEN: &str = "its schema is written differently";

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Change {
    pub(super) verdict: Verdict,
    /// The rule's name.
    pub(super) rule: &'static str,
    /// Of what: `mail.search`, `mail.search(limit)`, `mail.search -> [].price`.
    pub(super) at: String,
    /// What is different.
    pub(super) says: String,
    /// Why that is breaking or not.
    pub(super) reason: &'static str,
}

/// Every difference, the breaking ones first.
pub(super) fn changes(old: &[Description], new: &[Description]) -> Vec<Change> {
    let mut found = Changes::default();
    for before in old {
        match new.iter().find(|after| after.name == before.name) {
            Some(after) => found.service(before, after),
            None => found.add(Rule::ServiceRemoved, &before.name, "removed"),
        }
    }
    for after in new.iter().filter(|after| old.iter().all(|before| before.name != after.name)) {
        found.add(Rule::ServiceAdded, &after.name, "new");
    }
    found.0.sort_by_key(|change| change.verdict);
    found.0
}

#[derive(Debug, Default)]
struct Changes(Vec<Change>);

/// A method in both versions, with the types of each.
#[derive(Clone, Copy)]
struct Pair<'a> {
    name: &'a str,
    old: (&'a Description, &'a MethodDescription),
    new: (&'a Description, &'a MethodDescription),
}

impl Changes {
    fn add(&mut self, rule: Rule, at: impl Into<String>, says: impl Into<String>) {
        let (verdict, reason) = (rule.verdict(), rule.reason());
        self.0.push(Change { verdict, rule: rule.code(), at: at.into(), says: says.into(), reason });
    }

    fn service(&mut self, old: &Description, new: &Description) {
        self.version(old, new);
        match (old.sidecar, new.sidecar) {
            (true, false) => self.add(Rule::SidecarRemoved, &old.name, "the sidecar dialect is gone"),
            (false, true) => self.add(Rule::SidecarAdded, &old.name, "speaks the sidecar dialect"),
            _ => {}
        }
        let added = || new.methods.iter().filter(|method| find(old, &method.name).is_none());
        for method in &old.methods {
            let name = format!("{}.{}", old.name, method.name);
            if let Some(after) = find(new, &method.name) {
                self.method(Pair { name: &name, old: (old, method), new: (new, after) });
            } else if let Some(like) = added().find(|other| is_alike((old, method), (new, other))) {
                self.add(
                    Rule::MethodRenamed,
                    name,
                    format!("removed; `{}` takes and gives the same", like.name),
                );
            } else {
                self.add(Rule::MethodRemoved, name, "removed");
            }
        }
        for method in added() {
            self.add(Rule::MethodAdded, format!("{}.{}", new.name, method.name), "new");
        }
    }

    fn version(&mut self, old: &Description, new: &Description) {
        let says = format!("version {} is {} now", old.version, new.version);
        match version(new).cmp(&version(old)) {
            std::cmp::Ordering::Less => self.add(Rule::VersionLowered, &old.name, says),
            std::cmp::Ordering::Greater if is_announced(old, new) => {
                self.add(Rule::MajorRaised, &old.name, says);
            }
            std::cmp::Ordering::Greater => self.add(Rule::VersionRaised, &old.name, says),
            std::cmp::Ordering::Equal => {}
        }
    }

    fn method(&mut self, pair: Pair<'_>) {
        let Pair { name, old: (old_service, old), new: (new_service, new) } = pair;
        if old.kind != new.kind {
            let says = format!("{:?} is {:?} now", old.kind, new.kind).to_lowercase();
            return self.add(Rule::KindChanged, name, says);
        }
        match (old.idempotent, new.idempotent) {
            (true, false) => self.add(Rule::IdempotentRemoved, name, "not idempotent any more"),
            (false, true) => self.add(Rule::IdempotentAdded, name, "idempotent"),
            _ => {}
        }
        if old.bulk != new.bulk {
            let says = if new.bulk { "bulk" } else { "interactive, and not bulk" };
            self.add(Rule::BulkChanged, name, says);
        }
        let longest = |method: &MethodDescription| method.params_max.unwrap_or(PARAMS_MAX as u64);
        let says = format!("takes parameters of {} bytes, {} before", longest(new), longest(old));
        match longest(new).cmp(&longest(old)) {
            std::cmp::Ordering::Less => self.add(Rule::ParamsMaxLowered, name, says),
            std::cmp::Ordering::Greater => self.add(Rule::ParamsMaxRaised, name, says),
            std::cmp::Ordering::Equal => {}
        }
        if old_service.sidecar && new_service.sidecar && old.reply != new.reply {
            let called = |reply: &Option<String>| reply.clone().unwrap_or_else(|| "nothing".to_owned());
            let says = format!("replies with `{}`, `{}` before", called(&new.reply), called(&old.reply));
            self.add(Rule::ReplyChanged, name, says);
        }
        self.params(pair);
        let results =
            (Schema::new(&old.result, &old_service.types), Schema::new(&new.result, &new_service.types));
        let rules = [Rule::ResultUnreadable, Rule::ResultReadable, Rule::ResultRewritten];
        self.answers(&format!("{name} ->"), results, rules);
        self.errors(pair);
    }

    fn params(&mut self, Pair { name, old: (old_service, old), new: (new_service, new) }: Pair<'_>) {
        let named =
            |params: &[ParamDescription]| params.iter().map(|param| param.name.clone()).collect::<Vec<_>>();
        let (before, after) = (named(&old.params), named(&new.params));
        let kept: Vec<_> = before.iter().filter(|name| after.contains(name)).collect();
        if kept.len() == before.len() && !after.iter().zip(&before).all(|(after, before)| after == before) {
            let says = format!("their order is {}, {} before", after.join(", "), before.join(", "));
            self.add(Rule::ParametersMoved, name, says);
        }
        for param in &new.params {
            if !before.contains(&param.name) {
                let rule = if param.required { Rule::ParameterAddedRequired } else { Rule::ParameterAdded };
                self.add(
                    rule,
                    format!("{name}({})", param.name),
                    if param.required { "new, and required" } else { "new" },
                );
            }
        }
        for param in &old.params {
            let at = format!("{name}({})", param.name);
            let Some(after) = new.params.iter().find(|other| other.name == param.name) else {
                self.add(Rule::ParameterRemoved, at, "removed");
                continue;
            };
            match (param.required, after.required) {
                (false, true) => self.add(Rule::ParameterRequired, &at, "required"),
                (true, false) => self.add(Rule::ParameterOptional, &at, "not required any more"),
                (false, false) if param.default != after.default => {
                    let shown =
                        |value: &Option<Value>| value.as_ref().map_or("nothing".to_owned(), Value::to_string);
                    let says = format!(
                        "{} if it is not given, {} before",
                        shown(&after.default),
                        shown(&param.default)
                    );
                    self.add(Rule::DefaultChanged, &at, says);
                }
                _ => {}
            }
            let before = Schema::new(&param.schema, &old_service.types);
            self.taken(name, &param.name, before, Schema::new(&after.schema, &new_service.types));
        }
    }

    /// What is sent as a parameter: written by those who know the old version, and read by the new one.
    fn taken(&mut self, name: &str, param: &str, old: Schema<'_>, new: Schema<'_>) {
        let (refused, taken) = (misfits(old, new, Unknown::Misfits), misfits(new, old, Unknown::Misfits));
        let within = |misfit: &Misfit| format!("{name}({})", below(param, &misfit.at));
        if refused.is_empty() && taken.is_empty() && !is_same(old, new) {
            self.add(Rule::ParameterRewritten, format!("{name}({param})"), REWRITTEN);
        }
        for misfit in &refused {
            let says = format!("does not take {} any more", misfit.what);
            self.add(Rule::ParameterNarrowed, within(misfit), says);
        }
        for misfit in taken.iter().filter(|misfit| !misfit.is_mirrored_in(&refused)) {
            self.add(Rule::ParameterWidened, within(misfit), format!("takes {}", misfit.what));
        }
    }

    /// What comes back: written by the new version, and read by those who know the old one.
    fn answers(&mut self, at: &str, (old, new): (Schema<'_>, Schema<'_>), rules: [Rule; 3]) {
        let [unreadable, readable, rewritten] = rules;
        let unread = misfits(new, old, Unknown::IsPassedOver);
        let (more, gone) = (misfits(new, old, Unknown::Misfits), misfits(old, new, Unknown::Misfits));
        let within = |misfit: &Misfit| match misfit.at.as_str() {
            "" => at.to_owned(),
            inner => format!("{at} {inner}"),
        };
        if unread.is_empty() && more.is_empty() && gone.is_empty() && !is_same(old, new) {
            self.add(rewritten, at, REWRITTEN);
        }
        for misfit in &unread {
            self.add(unreadable, within(misfit), format!("gives {}", misfit.what));
        }
        for misfit in more.iter().filter(|misfit| !unread.contains(misfit)) {
            self.add(readable, within(misfit), format!("gives {}", misfit.what));
        }
        for misfit in gone.iter().filter(|misfit| !misfit.is_mirrored_in(&more)) {
            self.add(readable, within(misfit), format!("does not give {} any more", misfit.what));
        }
    }

    fn errors(&mut self, Pair { name, old: (old_service, old), new: (new_service, new) }: Pair<'_>) {
        let find =
            |errors: &'_ [ErrorDescription], code: &str| errors.iter().position(|error| error.code == code);
        let added: Vec<_> =
            new.errors.iter().filter(|error| find(&old.errors, &error.code).is_none()).collect();
        for error in &added {
            self.add(Rule::ErrorAdded, format!("{name} ! {}", error.code), "new");
        }
        let anything = &Value::Bool(true);
        for error in &old.errors {
            let at = format!("{name} ! {}", error.code);
            let Some(after) = new.errors.iter().find(|other| other.code == error.code) else {
                let like = added.iter().find(|other| other.details.is_some() == error.details.is_some());
                match like {
                    Some(like) => {
                        self.add(Rule::ErrorRenamed, at, format!("removed, and `{}` is new", like.code));
                    }
                    None => self.add(Rule::ErrorRemoved, at, "removed"),
                }
                continue;
            };
            if error.retryable != after.retryable {
                let says = if after.retryable { "may succeed later" } else { "does not succeed later" };
                self.add(Rule::RetryableChanged, &at, says);
            }
            let details = (
                Schema::new(error.details.as_ref().unwrap_or(anything), &old_service.types),
                Schema::new(after.details.as_ref().unwrap_or(anything), &new_service.types),
            );
            self.answers(
                &at,
                details,
                [Rule::DetailsUnreadable, Rule::DetailsReadable, Rule::DetailsRewritten],
            );
        }
    }
}

fn find<'a>(service: &'a Description, name: &str) -> Option<&'a MethodDescription> {
    service.methods.iter().find(|method| method.name == name)
}

/// Whether two methods take and give the same, by the same names.
fn is_alike(
    (old_service, old): (&Description, &MethodDescription),
    (new_service, new): (&Description, &MethodDescription),
) -> bool {
    let same = |one: &Value, other: &Value| {
        is_same(Schema::new(one, &old_service.types), Schema::new(other, &new_service.types))
    };
    let names =
        |method: &MethodDescription| method.params.iter().map(|param| param.name.clone()).collect::<Vec<_>>();
    old.kind == new.kind
        && names(old) == names(new)
        && old.params.iter().zip(&new.params).all(|(one, other)| same(&one.schema, &other.schema))
        && same(&old.result, &new.result)
        // Where there is nothing to tell them by, they are told apart.
        && !(old.params.is_empty() && old.result["type"] == "null")
}

/// Whether clients of the old version are told that they do not fit: its major version is another one.
pub(super) fn is_announced(old: &Description, new: &Description) -> bool {
    version(new).first() > version(old).first()
}

fn version(service: &Description) -> Vec<u64> {
    service.version.split('.').map(|number| number.parse().unwrap_or(0)).collect()
}
