//! The events of a subscription, printed as they come.

use hallway::CallError;
use hallway::service::Event;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::Prepared;
use crate::failure::Failure;

/// An event as it is printed: as on the wire.
#[derive(Serialize)]
struct Numbered<'a> {
    seq: u64,
    item: &'a RawValue,
}

impl Prepared {
    /// Prints events, and notices of those that were missed on standard error, until there are no more. `last` follows the
    /// number of the last one.
    ///
    /// # Errors
    /// The outer one if they cannot be printed, the inner one if they end otherwise than in good order.
    pub(crate) async fn events(
        &self,
        params: &Map<String, Value>,
        last: &mut Option<u64>,
    ) -> Result<Result<(), CallError>, Failure> {
        let mut events = match self.client.subscribe::<_, Box<RawValue>>(&self.method, params).await {
            Ok(events) => events,
            Err(error) => return Ok(Err(error)),
        };
        while let Some(event) = events.next().await {
            self.progress.clear();
            match event {
                Ok(Event::Item { seq, value }) => {
                    *last = Some(seq);
                    match self.output.field {
                        Some(_) => self.output.print_item(&value)?,
                        None => self.output.print_item(&to_raw(&Numbered { seq, item: &value })?)?,
                    }
                }
                Ok(Event::Lagged { missed, next }) => {
                    if let Some(notice) = notice(*last, missed, next) {
                        eprintln!("{notice}");
                    }
                    *last = Some(next.saturating_sub(1));
                }
                Err(error) => return Ok(Err(error)),
            }
        }
        Ok(Ok(()))
    }
}

/// What is said of a lag. That nothing was missed is of interest only where numbers have begun anew.
fn notice(last: Option<u64>, missed: u64, next: u64) -> Option<String> {
    match (last, missed) {
        (_, 1..) => Some(format!("missed {missed} events; the next one is number {next}")),
        (Some(last), 0) if next <= last => {
            Some(format!("the numbers have begun anew; the next one is number {next}"))
        }
        _ => None,
    }
}

fn to_raw(value: &impl Serialize) -> std::io::Result<Box<RawValue>> {
    Ok(serde_json::value::to_raw_value(value)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lag_is_told_where_something_is_missing() {
        assert_eq!(notice(None, 0, 5), None);
        assert_eq!(notice(Some(4), 0, 5), None);
        assert_eq!(notice(Some(1), 2, 4).unwrap(), "missed 2 events; the next one is number 4");
        assert_eq!(notice(Some(9), 0, 1).unwrap(), "the numbers have begun anew; the next one is number 1");
    }
}
