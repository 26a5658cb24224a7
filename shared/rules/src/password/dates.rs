//! Calendar dates in a password (rule 11).
//!
//! Orders: day-month-year, year-month-day, and month-day-year where the year has four digits or the month a name. Each of the two separators may
//! be there or not. Digits without separators: every overlapping window counts. With a separator or a month's name the digits around belong to
//! the date that they read as: `31/02/1980` is not the 1st of February 1980 with a 3 before it, nor `29/02/1900` the 19th of February 2029.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::tokens::{Field, Token, read};
use crate::policy::PasswordPolicy;

/// What may stand between day, month and year (11).
const SEPARATORS: [char; 4] = ['/', '-', '.', '_'];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    DayMonthYear,
    YearMonthDay,
    MonthDayYear,
}

impl Order {
    const ALL: [Self; 3] = [Self::DayMonthYear, Self::YearMonthDay, Self::MonthDayYear];

    const fn fields(self) -> [Field; 3] {
        match self {
            Self::DayMonthYear => [Field::Day, Field::Month, Field::Year],
            Self::YearMonthDay => [Field::Year, Field::Month, Field::Day],
            Self::MonthDayYear => [Field::Month, Field::Day, Field::Year],
        }
    }
}

/// Three tokens in a row that may be a date.
struct Reading {
    order: Order,
    first: Token,
    second: Token,
    third: Token,
}

/// The longest reading: a full year, a long month's name, a day and two separators. It bounds how far off a fuller one may begin.
const LONGEST: usize = 17;

/// Whether a folded text contains a valid calendar date.
pub(super) fn contains(text: &[char], policy: &PasswordPolicy) -> bool {
    let mut separated: BTreeMap<usize, Vec<Reading>> = BTreeMap::new();
    for reading in (0..text.len()).flat_map(|start| readings(text, start)).filter(|reading| reading.is_well_formed(policy)) {
        if reading.is_separated() {
            separated.entry(reading.first.start).or_default().push(reading);
        } else if reading.is_valid(policy) {
            return true;
        }
    }
    let is_part_of_another = |reading: &Reading| {
        let nearby = separated.range(reading.first.start.saturating_sub(LONGEST)..=reading.first.start);
        nearby.flat_map(|(_, fuller)| fuller).any(|fuller| fuller.reaches_beyond(reading) && fuller.has_shape(policy))
    };
    separated.values().flatten().any(|reading| reading.is_valid(policy) && !is_part_of_another(reading))
}

fn readings(text: &[char], start: usize) -> Vec<Reading> {
    let mut readings = Vec::new();
    for order in Order::ALL {
        let [one, two, three] = order.fields();
        for first in read(text, start, one) {
            for second in next(text, first.end, two) {
                readings.extend(next(text, second.end, three).map(|third| Reading { order, first, second, third }));
            }
        }
    }
    readings
}

fn next(text: &[char], end: usize, field: Field) -> impl Iterator<Item = Token> {
    let separated = text.get(end).is_some_and(|c| SEPARATORS.contains(c));
    let after = if separated { end + 1 } else { end };
    read(text, after, field).into_iter()
}

impl Reading {
    fn parts(&self) -> (Token, Token, Token) {
        match self.order {
            Order::DayMonthYear => (self.first, self.second, self.third),
            Order::YearMonthDay => (self.third, self.second, self.first),
            Order::MonthDayYear => (self.second, self.first, self.third),
        }
    }

    fn has_named_month(&self) -> bool {
        self.first.named || self.second.named
    }

    fn is_separated(&self) -> bool {
        self.has_named_month() || self.first.end < self.second.start || self.second.end < self.third.start
    }

    /// Whether the rule lists such a form: a one-digit day or month needs a separator or the month's name to set it off, and so does a day
    /// from the year, unless a name leads and the year is full (`gen41980`). Four digits after a name are a year if they can: `gen1980` has no day.
    fn is_well_formed(&self, policy: &PasswordPolicy) -> bool {
        let (day, _, year) = self.parts();
        let listed = self.order != Order::MonthDayYear || self.first.named || year.is_full_year();
        let set_off =
            |a: Token, b: Token| a.end < b.start || a.named || b.named || !(a.is_single() || b.is_single()) || (self.has_named_month() && b.is_full_year());
        let is_only_a_year = self.first.named
            && self.second.end == self.third.start
            && !year.is_full_year()
            && (policy.first_year..=policy.last_year).contains(&(day.value * 100 + year.value));
        listed && !is_only_a_year && set_off(self.first, self.second) && set_off(self.second, self.third)
    }

    /// Whether it reads as a date, be it one that does not exist. Four digits read as a year when they begin as the years of the policy do.
    fn has_shape(&self, policy: &PasswordPolicy) -> bool {
        let (_, _, year) = self.parts();
        let millennium = |year: i16| year / 1000;
        !year.is_full_year() || (millennium(policy.first_year)..=millennium(policy.last_year)).contains(&millennium(year.value))
    }

    /// Whether the calendar has it; two digits are a year when any century of the policy makes the date valid.
    fn is_valid(&self, policy: &PasswordPolicy) -> bool {
        let (day, month, year) = self.parts();
        let exists = |year: i16| match (i8::try_from(month.value), i8::try_from(day.value)) {
            (Ok(month), Ok(day)) => Date::new(year, month, day).is_ok(),
            _ => false,
        };
        if year.is_full_year() {
            return (policy.first_year..=policy.last_year).contains(&year.value) && exists(year.value);
        }
        let first = policy.first_year.saturating_add((year.value - policy.first_year).rem_euclid(100));
        (first..=policy.last_year).step_by(100).any(exists)
    }

    fn reaches_beyond(&self, other: &Self) -> bool {
        let (start, end) = (self.first.start, self.third.end);
        start <= other.first.start && end >= other.third.end && (start, end) != (other.first.start, other.third.end)
    }
}

#[cfg(test)]
mod tests;
