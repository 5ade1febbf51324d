//! Reads the values of the fields that take something other than text.

use jiff::civil::Date;

use super::ast::{Age, AgeUnit, DatePart, State, When};

/// The values of `is:`.
pub(super) const STATES: &[(&str, State)] = &[
    ("unread", State::Unread),
    ("read", State::Read),
    ("flagged", State::Flagged),
    ("replied", State::Replied),
];

/// Reads the value of `is:`.
pub(super) fn state(value: &str) -> Option<State> {
    STATES.iter().find(|(name, _)| name.eq_ignore_ascii_case(value)).map(|&(_, state)| state)
}

/// Reads `YYYY-MM-DD`, `YYYY-MM`, `YYYY`, `today` or `yesterday`.
pub(super) fn when(value: &str) -> Option<When> {
    if value.eq_ignore_ascii_case("today") {
        return Some(When::Today);
    }
    if value.eq_ignore_ascii_case("yesterday") {
        return Some(When::Yesterday);
    }
    let mut parts = value.split('-');
    let year = digits(parts.next()?, 4)?;
    let month = parts.next().map(|month| digits(month, 2));
    let day = parts.next().map(|day| digits(day, 2));
    if parts.next().is_some() {
        return None;
    }
    let date = |month, day| Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok();
    let part = match (month, day) {
        (None, _) => DatePart::Year(date(1, 1)?),
        (Some(month), None) => DatePart::Month(date(month?, 1)?),
        (Some(month), Some(day)) => DatePart::Day(date(month?, day?)?),
    };
    Some(When::Calendar(part))
}

/// Reads a number and `d`, `w`, `m` or `y`.
pub(super) fn age(value: &str) -> Option<Age> {
    let (count, unit) = split_unit(value);
    let unit = match unit {
        "d" => AgeUnit::Days,
        "w" => AgeUnit::Weeks,
        "m" => AgeUnit::Months,
        "y" => AgeUnit::Years,
        _ => return None,
    };
    let count = count.parse().ok().filter(|count| *count <= 9999)?;
    Some(Age { count, unit })
}

/// Reads a number of bytes, or one with `k`, `M` or `G` in either case.
pub(super) fn size(value: &str) -> Option<u64> {
    let (count, unit) = split_unit(value);
    let factor: u64 = match unit {
        "" => 1,
        "k" | "K" => 1 << 10,
        "m" | "M" => 1 << 20,
        "g" | "G" => 1 << 30,
        _ => return None,
    };
    count.parse::<u64>().ok()?.checked_mul(factor)
}

fn split_unit(value: &str) -> (&str, &str) {
    value.split_at(value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len()))
}

/// A number written with exactly this many digits.
fn digits(text: &str, width: usize) -> Option<i16> {
    (text.len() == width && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}
