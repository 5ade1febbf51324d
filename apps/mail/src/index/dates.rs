//! Turns dates as people write them into moments, in the reader's time zone.

use jiff::civil::Date;
use jiff::{Span, ToSpan as _, Zoned};

use crate::query::{Age, AgeUnit, DatePart, When};

/// The first second of a period, and the first one after it. A bound outside the calendar is the end of time.
pub(super) fn period(when: When, now: &Zoned) -> (i64, i64) {
    let (first, length) = match when {
        When::Today => (now.date(), 1.day()),
        When::Yesterday => (now.date().saturating_sub(1.day()), 1.day()),
        When::Calendar(DatePart::Day(date)) => (date, 1.day()),
        When::Calendar(DatePart::Month(date)) => (date, 1.month()),
        When::Calendar(DatePart::Year(date)) => (date, 1.year()),
    };
    let end = first.checked_add(length).map_or(i64::MAX, |next| start_of(next, now, i64::MAX));
    (start_of(first, now, i64::MIN), end)
}

/// The moment that lies `age` before `now`.
pub(super) fn moment(age: Age, now: &Zoned) -> i64 {
    let span = Span::new();
    let count = i64::from(age.count);
    let span = match age.unit {
        AgeUnit::Days => span.try_days(count),
        AgeUnit::Weeks => span.try_weeks(count),
        AgeUnit::Months => span.try_months(count),
        AgeUnit::Years => span.try_years(count),
    };
    span.and_then(|span| now.checked_sub(span)).map_or(i64::MIN, |then| then.timestamp().as_second())
}

/// The first second of a day in the time zone of `now`; `otherwise` at the ends of the calendar.
fn start_of(date: Date, now: &Zoned, otherwise: i64) -> i64 {
    date.to_zoned(now.time_zone().clone()).map_or(otherwise, |start| start.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use jiff::tz::TimeZone;

    use super::*;

    fn now() -> Zoned {
        // Half past midnight on the day after clocks went forward, two hours east of Greenwich.
        date(2024, 4, 1).at(0, 30, 0, 0).to_zoned(TimeZone::get("Europe/Berlin").unwrap()).unwrap()
    }

    fn span(when: When) -> (String, String) {
        let (start, end) = period(when, &now());
        let show = |seconds| jiff::Timestamp::from_second(seconds).unwrap().to_string();
        (show(start), show(end))
    }

    #[test]
    fn days_begin_at_local_midnight() {
        let utc = |start: &str, end: &str| (start.to_owned(), end.to_owned());
        assert_eq!(span(When::Today), utc("2024-03-31T22:00:00Z", "2024-04-01T22:00:00Z"));
        // The day on which an hour was skipped is 23 hours long.
        assert_eq!(span(When::Yesterday), utc("2024-03-30T23:00:00Z", "2024-03-31T22:00:00Z"));
        let part = |part| span(When::Calendar(part));
        assert_eq!(
            part(DatePart::Day(date(2024, 1, 2))),
            utc("2024-01-01T23:00:00Z", "2024-01-02T23:00:00Z")
        );
        assert_eq!(
            part(DatePart::Month(date(2024, 2, 1))),
            utc("2024-01-31T23:00:00Z", "2024-02-29T23:00:00Z")
        );
        assert_eq!(
            part(DatePart::Year(date(2023, 1, 1))),
            utc("2022-12-31T23:00:00Z", "2023-12-31T23:00:00Z")
        );
    }

    #[test]
    fn ages_are_counted_on_the_calendar() {
        let ago = |count, unit| {
            jiff::Timestamp::from_second(moment(Age { count, unit }, &now())).unwrap().to_string()
        };
        assert_eq!(ago(1, AgeUnit::Days), "2024-03-30T23:30:00Z");
        assert_eq!(ago(1, AgeUnit::Weeks), "2024-03-24T23:30:00Z");
        assert_eq!(ago(1, AgeUnit::Months), "2024-02-29T23:30:00Z");
        assert_eq!(ago(4, AgeUnit::Years), "2020-03-31T22:30:00Z");
    }

    #[test]
    fn the_ends_of_the_calendar_are_no_mistake() {
        let (start, end) = period(When::Calendar(DatePart::Year(date(9999, 1, 1))), &now());
        assert!(start > 0 && end == i64::MAX);
        for unit in [AgeUnit::Days, AgeUnit::Weeks, AgeUnit::Months, AgeUnit::Years] {
            assert!(moment(Age { count: 9999, unit }, &now()) < now().timestamp().as_second());
        }
    }
}
