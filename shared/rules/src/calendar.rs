//! Days, months and working days of Rome (rules 1-3, 63).
//!
//! Nothing here fails: what would leave the range that `jiff` represents (years -9999 to 9999) stops at its end.

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};

use crate::policy::ServicePolicy;

/// Embedded when compiling: the machine's zone files may be old or missing, and a deadline must not depend on them.
static ROME: TimeZone = jiff::tz::get!("Europe/Rome");

/// National holidays of every year that keep their date, as (month, day); Easter, its Monday and 4 October stand apart (63).
const FIXED_HOLIDAYS: [(i8, i8); 10] = [(1, 1), (1, 6), (4, 25), (5, 1), (6, 2), (8, 15), (11, 1), (12, 8), (12, 25), (12, 26)];

/// Saint Francis, as (month, day): a national holiday only from a year of the policy (63).
const SAINT_FRANCIS: (i8, i8) = (10, 4);

const MONTHS_OF_A_YEAR: u32 = 12;
const HOURS_OF_A_DAY: i64 = 24;

/// The zone in which days, months and "end of day" are computed (rule 1).
#[must_use]
pub fn rome() -> &'static TimeZone {
    &ROME
}

/// The day in Rome at an instant (rule 1).
#[must_use]
pub fn date_of(at: Timestamp) -> Date {
    rome().to_datetime(at).date()
}

/// The first instant of a day in Rome (rule 1).
#[must_use]
pub fn start_of_day(day: Date) -> Timestamp {
    at_local(day.to_datetime(jiff::civil::Time::midnight()))
}

/// The exclusive end of a day in Rome, which is the first instant of the next day: 23, 24 or 25 hours after its start (rules 1, 3).
#[must_use]
pub fn end_of_day(day: Date) -> Timestamp {
    day.tomorrow().map_or(Timestamp::MAX, start_of_day)
}

/// The instant of a wall time in Rome (rule 3): one that does not exist is moved forward by the length of the gap (02:30 becomes 03:30),
/// of one that happens twice the first is taken.
#[must_use]
pub fn at_local(local: DateTime) -> Timestamp {
    let limit = if local.year() < 0 { Timestamp::MIN } else { Timestamp::MAX };
    rome().to_ambiguous_timestamp(local).compatible().unwrap_or(limit)
}

/// The day some calendar months later, or earlier when negative, clamped to the month's end (rule 2): 30/11/2024 + 15 = 28/02/2026.
///
/// Renewals in a row use [`add_months_anchored`], for a clamped day has forgotten its anchor.
#[must_use]
pub fn add_months(day: Date, months: i32) -> Date {
    let limit = if months < 0 { Date::MIN } else { Date::MAX };
    Span::new().try_months(months).and_then(|span| day.checked_add(span)).unwrap_or(limit)
}

/// The day some calendar months earlier, clamped to the month's end (rules 2, 60): 31/05/2026 - 3 = 28/02/2026.
#[must_use]
pub fn sub_months(day: Date, months: u32) -> Date {
    add_months(day, -signed(months))
}

/// The anchor day in the month that is some calendar months after the one of `day`, clamped to that month's end (rule 2):
/// with anchor 31, 31 Jan -> 28 Feb -> 31 Mar.
///
/// The anchor decides, whatever the day of `day` is; one below 1 counts as 1, one beyond the month's end as its last day.
#[must_use]
pub fn add_months_anchored(day: Date, anchor_day: i8, months: u32) -> Date {
    let first = add_months(day.first_of_month(), signed(months)).first_of_month();
    let clamped = anchor_day.clamp(1, first.days_in_month());
    days_after(first, u32::try_from(clamped - 1).unwrap_or_default())
}

/// The same wall time in Rome some calendar months later, or earlier when negative, clamped to the month's end (rule 2).
///
/// Where that wall time does not exist or happens twice, [`at_local`] decides; zero months change nothing.
#[must_use]
pub fn add_months_to(at: Timestamp, months: i32) -> Timestamp {
    if months == 0 {
        // Through the wall time, the second 02:30 of a 25-hour day would become the first.
        return at;
    }
    let local = rome().to_datetime(at);
    at_local(add_months(local.date(), months).to_datetime(local.time()))
}

/// The instant some days of 86,400 s later, whatever the clocks of Rome do meanwhile (rules 15, 32, 48).
#[must_use]
pub fn add_days(at: Timestamp, days: u32) -> Timestamp {
    at.checked_add(whole_days(days)).unwrap_or(Timestamp::MAX)
}

/// The instant some days of 86,400 s earlier, whatever the clocks of Rome do meanwhile (rules 16, 37).
#[must_use]
pub fn sub_days(at: Timestamp, days: u32) -> Timestamp {
    at.checked_sub(whole_days(days)).unwrap_or(Timestamp::MIN)
}

/// Days of 86,400 s from `now` until an instant, a begun one counted whole; none where it is past (rules 16, 37).
#[must_use]
pub fn days_until(at: Timestamp, now: Timestamp) -> u32 {
    let (seconds, day) = (at.as_second().saturating_sub(now.as_second()), whole_days(1).as_secs());
    u32::try_from(seconds.saturating_add(day - 1).div_euclid(day)).unwrap_or_default()
}

/// The calendar day some days later (rule 63).
#[must_use]
pub fn days_after(day: Date, days: u32) -> Date {
    day.saturating_add(whole_days(days))
}

/// The calendar day some days earlier (rule 61).
#[must_use]
pub fn days_before(day: Date, days: u32) -> Date {
    day.saturating_sub(whole_days(days))
}

/// The day on which somebody turns an age in years, by the clamping of rule 2: who is born on 29/02/2008 turns 18 on 28/02/2026 (rule 38).
#[must_use]
pub fn birthday(birth: Date, years: u32) -> Date {
    add_months(birth, signed(years.saturating_mul(MONTHS_OF_A_YEAR)))
}

/// Easter Sunday of a year, by the Gregorian reckoning (rule 63), which is carried on to years before 1583.
#[must_use]
pub fn easter(year: i16) -> Date {
    let year = year.clamp(Date::MIN.year(), Date::MAX.year());
    // 22 March is the earliest Easter there can be.
    let earliest = Date::new(year, 3, 22).unwrap_or_default();
    days_after(earliest, days_after_the_earliest_easter(i32::from(year)))
}

/// The anonymous Gregorian computus (Nature, 1876; Meeus, Astronomical Algorithms, chapter 8). Euclidean, so that it holds for negative years too.
fn days_after_the_earliest_easter(year: i32) -> u32 {
    let golden = year.rem_euclid(19);
    let (century, of_century) = (year.div_euclid(100), year.rem_euclid(100));
    let (leap_centuries, century_rest) = (century.div_euclid(4), century.rem_euclid(4));
    let moon_correction = (century - (century + 8).div_euclid(25) + 1).div_euclid(3);
    let full_moon = (19 * golden + century - leap_centuries - moon_correction + 15).rem_euclid(30);
    let (leap_years, year_rest) = (of_century / 4, of_century % 4);
    let to_sunday = (32 + 2 * century_rest + 2 * leap_years - full_moon - year_rest).rem_euclid(7);
    let weeks_back = (golden + 11 * full_moon + 22 * to_sunday) / 451;
    u32::try_from(full_moon + to_sunday - 7 * weeks_back).unwrap_or_default()
}

/// Whether a day is an Italian national holiday (rule 63): Easter and its Monday, the ten of a fixed date, and 4 October from the policy's year.
#[must_use]
pub fn is_national_holiday(day: Date, policy: &ServicePolicy) -> bool {
    let month_day = (day.month(), day.day());
    let easter = easter(day.year());
    FIXED_HOLIDAYS.contains(&month_day)
        || (month_day == SAINT_FRANCIS && day.year() >= policy.saint_francis_from_year)
        || day == easter
        || day == days_after(easter, 1)
}

/// Whether a day is none of Saturday, Sunday and national holiday (rule 63).
#[must_use]
pub fn is_working_day(day: Date, policy: &ServicePolicy) -> bool {
    !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) && !is_national_holiday(day, policy)
}

/// The day itself where it is a working one, or else the next that is (rule 63).
#[must_use]
pub fn working_day_from(day: Date, policy: &ServicePolicy) -> Date {
    std::iter::successors(Some(day), |day| day.tomorrow().ok()).find(|day| is_working_day(*day, policy)).unwrap_or(Date::MAX)
}

fn whole_days(days: u32) -> SignedDuration {
    SignedDuration::from_hours(i64::from(days) * HOURS_OF_A_DAY)
}

fn signed(months: u32) -> i32 {
    i32::try_from(months).unwrap_or(i32::MAX)
}

/// Days from one day to a later one; 0 where it is not later.
#[must_use]
pub fn days_between(from: Date, to: Date) -> u32 {
    (from.duration_since(to).unsigned_abs().as_secs() / 86_400).try_into().unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn local(text: &str) -> DateTime {
        text.parse().unwrap()
    }

    fn every_day(first: Date, last: Date) -> impl Iterator<Item = Date> {
        std::iter::successors(Some(first), |day| day.tomorrow().ok()).take_while(move |day| *day <= last)
    }

    #[test]
    fn months_are_clamped_to_the_months_end() {
        for (from, months, expected) in [
            ("2024-11-30", 15, "2026-02-28"),
            ("2024-02-29", 24, "2026-02-28"),
            ("2024-02-29", 12, "2025-02-28"),
            ("2024-02-29", 48, "2028-02-29"),
            ("2026-01-31", 1, "2026-02-28"),
            ("2028-01-31", 1, "2028-02-29"),
            ("2026-05-31", -3, "2026-02-28"),
            ("2028-05-31", -3, "2028-02-29"),
            ("2026-12-31", 1, "2027-01-31"),
            ("2026-12-31", 2, "2027-02-28"),
            ("2026-12-01", 1, "2027-01-01"),
            ("2027-01-31", -1, "2026-12-31"),
            ("2027-01-01", -13, "2025-12-01"),
            ("2026-03-31", 0, "2026-03-31"),
        ] {
            assert_eq!(add_months(day(from), months), day(expected), "{from} {months:+}");
        }
        assert_eq!(sub_months(day("2026-05-31"), 3), day("2026-02-28"));
    }

    #[test]
    fn the_anchor_survives_a_short_month() {
        let mut at = day("2026-01-31");
        for expected in ["2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"] {
            at = add_months_anchored(at, 31, 1);
            assert_eq!(at, day(expected));
        }
        let mut at = day("2024-02-29");
        for expected in ["2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"] {
            at = add_months_anchored(at, 29, 12);
            assert_eq!(at, day(expected));
        }
        assert_eq!(add_months_anchored(day("2026-12-31"), 31, 2), day("2027-02-28"));
        assert_eq!(add_months_anchored(day("2026-02-28"), 30, 0), day("2026-02-28"));
        assert_eq!(add_months_anchored(day("2026-03-15"), 0, 1), day("2026-04-01"));
        assert_eq!(add_months_anchored(day("2026-03-15"), i8::MIN, 1), day("2026-04-01"));
        assert_eq!(add_months_anchored(day("2026-03-15"), i8::MAX, 1), day("2026-04-30"));
    }

    #[test]
    fn months_of_an_instant_keep_the_wall_time() {
        for (from, months, expected) in [
            // Winter to summer and back: 10:00 in Rome stays 10:00.
            ("2026-01-31T09:00:00Z", 3, "2026-04-30T08:00:00Z"),
            ("2026-04-30T08:00:00Z", -3, "2026-01-30T09:00:00Z"),
            // 23:30Z of a winter day is 00:30 of the next one in Rome.
            ("2026-01-30T23:30:00Z", 1, "2026-02-27T23:30:00Z"),
            // Both years' ends.
            ("2026-12-31T22:59:59Z", 2, "2027-02-28T22:59:59Z"),
            ("2026-12-31T23:00:00Z", 2, "2027-02-28T23:00:00Z"),
            // 29/03 02:30 falls into the gap and becomes 03:30; the day before has none.
            ("2026-02-28T01:30:00Z", 1, "2026-03-28T01:30:00Z"),
            ("2026-01-29T01:30:00Z", 2, "2026-03-29T01:30:00Z"),
            // 25/09 02:30 + 1 happens twice: the first.
            ("2026-09-25T00:30:00Z", 1, "2026-10-25T00:30:00Z"),
            ("2026-10-25T01:30:00Z", 0, "2026-10-25T01:30:00Z"),
        ] {
            assert_eq!(add_months_to(at(from), months), at(expected), "{from} {months:+}");
        }
    }

    #[test]
    fn a_day_ends_where_the_next_begins_at_the_years_end_too() {
        assert_eq!(date_of(at("2026-12-31T22:59:59Z")), day("2026-12-31"));
        assert_eq!(date_of(at("2026-12-31T23:00:00Z")), day("2027-01-01"));
        assert_eq!(end_of_day(day("2026-12-31")), at("2026-12-31T23:00:00Z"));
        assert_eq!(start_of_day(day("2027-01-01")), at("2026-12-31T23:00:00Z"));
        assert_eq!(date_of(at("2026-06-30T21:59:59Z")), day("2026-06-30"));
        assert_eq!(date_of(at("2026-06-30T22:00:00Z")), day("2026-07-01"));
    }

    #[test]
    fn the_day_of_23_hours_skips_half_past_two() {
        let spring = day("2026-03-29");
        assert_eq!(start_of_day(spring), at("2026-03-28T23:00:00Z"));
        assert_eq!(end_of_day(spring), at("2026-03-29T22:00:00Z"));
        assert_eq!(end_of_day(spring).duration_since(start_of_day(spring)), SignedDuration::from_hours(23));
        assert_eq!(at_local(local("2026-03-29T01:59:59")), at("2026-03-29T00:59:59Z"));
        assert_eq!(at_local(local("2026-03-29T02:30:00")), at("2026-03-29T01:30:00Z"));
        assert_eq!(at_local(local("2026-03-29T02:30:00")), at_local(local("2026-03-29T03:30:00")));
        assert_eq!(at_local(local("2026-03-29T03:00:00")), at("2026-03-29T01:00:00Z"));
    }

    #[test]
    fn the_day_of_25_hours_has_half_past_two_twice() {
        let autumn = day("2026-10-25");
        assert_eq!(start_of_day(autumn), at("2026-10-24T22:00:00Z"));
        assert_eq!(end_of_day(autumn), at("2026-10-25T23:00:00Z"));
        assert_eq!(end_of_day(autumn).duration_since(start_of_day(autumn)), SignedDuration::from_hours(25));
        assert_eq!(at_local(local("2026-10-25T02:30:00")), at("2026-10-25T00:30:00Z"));
        let both = [at("2026-10-25T00:30:00Z"), at("2026-10-25T01:30:00Z")];
        assert!(both.iter().all(|at| rome().to_datetime(*at) == local("2026-10-25T02:30:00")));
        assert_eq!(at_local(local("2026-10-25T03:00:00")), at("2026-10-25T02:00:00Z"));
    }

    #[test]
    fn days_of_an_instant_are_86_400_seconds() {
        assert_eq!(add_days(at("2026-03-28T12:00:00Z"), 1), at("2026-03-29T12:00:00Z"));
        assert_eq!(add_days(at("2026-10-24T12:00:00Z"), 180), at("2027-04-22T12:00:00Z"));
        assert_eq!(sub_days(at("2027-04-22T12:00:00Z"), 180), at("2026-10-24T12:00:00Z"));
        assert_eq!(sub_days(at("2026-10-26T00:00:00Z"), 0), at("2026-10-26T00:00:00Z"));
    }

    #[test]
    fn a_begun_day_counts_whole() {
        let now = at("2026-03-28T12:00:00Z");
        let until = |text: &str| days_until(at(text), now);
        assert_eq!([until("2026-03-28T12:00:00Z"), until("2026-03-28T12:00:01Z"), until("2026-03-29T12:00:00Z"), until("2026-03-29T12:00:01Z")], [0, 1, 1, 2]);
        assert_eq!(until("2026-03-20T12:00:00Z"), 0);
    }

    #[test]
    fn nothing_fails_at_the_ends_of_the_range() {
        assert_eq!(days_until(Timestamp::MIN, Timestamp::MAX), 0);
        assert_eq!(add_days(Timestamp::MAX, u32::MAX), Timestamp::MAX);
        assert_eq!(sub_days(Timestamp::MIN, u32::MAX), Timestamp::MIN);
        assert_eq!(days_after(Date::MAX, 1), Date::MAX);
        assert_eq!(days_before(Date::MIN, u32::MAX), Date::MIN);
        for (months, limit) in [(1, Date::MAX), (i32::MAX, Date::MAX)] {
            assert_eq!(add_months(Date::MAX, months), limit);
        }
        assert_eq!(add_months(Date::MIN, -1), Date::MIN);
        assert_eq!(add_months(day("2026-01-01"), i32::MIN), Date::MIN);
        assert_eq!(sub_months(day("2026-01-01"), u32::MAX), Date::MIN);
        assert_eq!(add_months_anchored(day("2026-01-01"), 31, u32::MAX), Date::MAX);
        assert_eq!(birthday(day("2026-01-01"), u32::MAX), Date::MAX);
        assert_eq!(add_months_to(Timestamp::MAX, i32::MAX), Timestamp::MAX);
        assert_eq!(add_months_to(Timestamp::MIN, i32::MIN), Timestamp::MIN);
        assert_eq!(end_of_day(Date::MAX), Timestamp::MAX);
        assert_eq!(start_of_day(Date::MAX), Timestamp::MAX);
        assert_eq!(start_of_day(Date::MIN), Timestamp::MIN);
        assert_eq!(easter(i16::MAX).year(), 9999);
        assert_eq!(easter(i16::MIN).year(), -9999);
        assert!(working_day_from(Date::MAX, &ServicePolicy::default()) <= Date::MAX);
    }

    #[test]
    fn a_birthday_on_29_february_is_clamped() {
        assert_eq!(birthday(day("2008-02-29"), 18), day("2026-02-28"));
        assert_eq!(birthday(day("2008-02-29"), 20), day("2028-02-29"));
        assert_eq!(birthday(day("2008-03-01"), 18), day("2026-03-01"));
        assert_eq!(birthday(day("2008-12-31"), 18), day("2026-12-31"));
        assert_eq!(birthday(day("2008-12-31"), 0), day("2008-12-31"));
    }

    #[test]
    fn known_easters() {
        for known in [
            "1583-04-10",
            "1818-03-22",
            "1886-04-25",
            "1943-04-25",
            "1954-04-18",
            "1961-04-02",
            "1981-04-19",
            "1999-04-04",
            "2000-04-23",
            "2008-03-23",
            "2011-04-24",
            "2016-03-27",
            "2019-04-21",
            "2020-04-12",
            "2021-04-04",
            "2022-04-17",
            "2023-04-09",
            "2024-03-31",
            "2025-04-20",
            "2026-04-05",
            "2027-03-28",
            "2028-04-16",
            "2029-04-01",
            "2030-04-21",
            "2038-04-25",
            "2049-04-18",
            "2076-04-19",
            "2285-03-22",
        ] {
            assert_eq!(easter(day(known).year()), day(known));
        }
    }

    /// Gauss's own reckoning for 1900-2099, with its two exceptions.
    fn gauss(year: i16) -> Date {
        let (a, b, c) = (year % 19, year % 4, year % 7);
        let d = (19 * a + 24) % 30;
        let e = (2 * b + 4 * c + 6 * d + 5) % 7;
        let back = if e == 6 && (d == 29 || (d == 28 && a > 10)) { 7 } else { 0 };
        days_after(date(year, 3, 22), u32::try_from(d + e - back).unwrap())
    }

    #[test]
    fn two_reckonings_of_easter_agree() {
        for year in 1900..=2099 {
            assert_eq!(easter(year), gauss(year), "{year}");
        }
    }

    #[test]
    fn the_holidays_of_2026_are_these() {
        let policy = ServicePolicy::default();
        let found: Vec<String> =
            every_day(date(2026, 1, 1), date(2026, 12, 31)).filter(|day| is_national_holiday(*day, &policy)).map(|day| day.to_string()).collect();
        let expected = [
            "2026-01-01",
            "2026-01-06",
            "2026-04-05",
            "2026-04-06",
            "2026-04-25",
            "2026-05-01",
            "2026-06-02",
            "2026-08-15",
            "2026-10-04",
            "2026-11-01",
            "2026-12-08",
            "2026-12-25",
            "2026-12-26",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn the_fourth_of_october_is_a_holiday_from_the_policys_year() {
        let policy = ServicePolicy::default();
        assert!(!is_national_holiday(date(2025, 10, 4), &policy));
        assert!(is_national_holiday(date(2026, 10, 4), &policy));
        assert!(is_national_holiday(date(2027, 10, 4), &policy));
        let later = ServicePolicy { saint_francis_from_year: 2028, ..ServicePolicy::default() };
        // A Monday, so that only the holiday makes the difference.
        assert!(is_working_day(date(2027, 10, 4), &later));
        assert!(!is_working_day(date(2027, 10, 4), &policy));
        assert_eq!(working_day_from(date(2027, 10, 4), &policy), date(2027, 10, 5));
    }

    #[test]
    fn the_next_working_day_skips_weekends_and_holidays() {
        let policy = ServicePolicy::default();
        for (from, expected) in [
            ("2026-01-02", "2026-01-02"),
            // New Year, then a working Friday.
            ("2026-01-01", "2026-01-02"),
            // Saturday, Easter, Easter Monday.
            ("2026-04-04", "2026-04-07"),
            // Christmas on a Friday, Saint Stephen on a Saturday, Sunday.
            ("2026-12-25", "2026-12-28"),
            // New Year's Friday over the year's end.
            ("2027-01-01", "2027-01-04"),
            ("2026-05-01", "2026-05-04"),
            ("2026-06-02", "2026-06-03"),
        ] {
            assert_eq!(working_day_from(day(from), &policy), day(expected), "{from}");
        }
    }

    #[test]
    fn every_day_begins_and_ends_where_it_should() {
        // From 1866, for Rome once changed its clocks at midnight.
        for day in every_day(date(1866, 1, 1), date(2100, 12, 31)) {
            let start = start_of_day(day);
            assert_eq!(date_of(start), day);
            assert_eq!(date_of(start - SignedDuration::from_nanos(1)), day.yesterday().unwrap());
            assert_eq!(end_of_day(day), start_of_day(day.tomorrow().unwrap()));
            assert_eq!(date_of(end_of_day(day) - SignedDuration::from_nanos(1)), day);
            let hours = end_of_day(day).duration_since(start).as_hours();
            assert!((23..=25).contains(&hours), "{day} has {hours} hours");
        }
    }

    #[test]
    fn every_day_has_a_working_day_within_ten() {
        let policy = ServicePolicy::default();
        for day in every_day(date(1970, 1, 1), date(2100, 12, 31)) {
            let next = working_day_from(day, &policy);
            assert!(is_working_day(next, &policy));
            assert!(day <= next && next <= days_after(day, 10), "{day} {next}");
            assert!(every_day(day, next).all(|between| between == next || !is_working_day(between, &policy)));
        }
    }

    fn any_day() -> impl Strategy<Value = Date> {
        (0u32..73_000).prop_map(|days| days_after(date(1900, 1, 1), days))
    }

    fn month_count(day: Date) -> i32 {
        i32::from(day.year()) * 12 + i32::from(day.month())
    }

    proptest! {
           #[test]
           fn months_land_in_the_right_month_and_only_clamp(from in any_day(), months in -2_000i32..2_000) {
               let to = add_months(from, months);
               prop_assert_eq!(month_count(to), month_count(from) + months);
               prop_assert_eq!(to.day(), from.day().min(to.days_in_month()));
           }

           #[test]
           fn months_keep_the_order_of_days(one in any_day(), other in any_day(), months in -600i32..600) {
               let (first, last) = (one.min(other), one.max(other));
               prop_assert!(add_months(first, months) <= add_months(last, months));
           }

           #[test]
           fn an_anchored_series_is_one_step_from_its_beginning(from in any_day(), steps in proptest::collection::vec(0u32..40, 1..30)) {
               let (mut at, mut total) = (from, 0);
               for step in steps {
                   at = add_months_anchored(at, from.day(), step);
                   total += step;
                   prop_assert_eq!(at.day(), from.day().min(at.days_in_month()));
                   prop_assert_eq!(at, add_months(from, i32::try_from(total).unwrap()));
               }
           }

           #[test]
           fn months_of_an_instant_move_its_day_alike(seconds in 0i64..4_000_000_000, months in -300i32..300) {
               let at = Timestamp::from_second(seconds).unwrap();
               prop_assert_eq!(date_of(add_months_to(at, months)), add_months(date_of(at), months));
           }

           #[test]
           fn an_instant_lies_in_its_day(seconds in -4_000_000_000i64..8_000_000_000, nanoseconds in 0i32..1_000_000_000) {
               let at = Timestamp::new(seconds, nanoseconds).unwrap();
               let day = date_of(at);
               prop_assert!(start_of_day(day) <= at && at < end_of_day(day));
           }

           #[test]
           fn days_there_and_back(seconds in 0i64..4_000_000_000, days in 0u32..20_000) {
               let at = Timestamp::from_second(seconds).unwrap();
               prop_assert_eq!(sub_days(add_days(at, days), days), at);
               prop_assert_eq!(add_days(at, days).as_second() - seconds, i64::from(days) * 86_400);
               prop_assert_eq!(days_before(days_after(date_of(at), days), days), date_of(at));
           }

           #[test]
           fn easter_is_a_sunday_of_its_range(year in -9999i16..=9999) {
               let easter = easter(year);
               prop_assert_eq!(easter.weekday(), Weekday::Sunday);
               prop_assert!(date(year, 3, 22) <= easter && easter <= date(year, 4, 25));
           }

           #[test]
           fn nothing_ever_panics(
            seconds in Timestamp::MIN.as_second()..=Timestamp::MAX.as_second(),
            months in any::<i32>(),
            unsigned in any::<u32>(),
            anchor in any::<i8>(),
            year in any::<i16>(),
        ) {
            let at = Timestamp::from_second(seconds).unwrap();
            let day = date_of(at);
            let _ = (add_months(day, months), add_months_anchored(day, anchor, unsigned), add_months_to(at, months), birthday(day, unsigned));
            let _ = (add_days(at, unsigned), sub_days(at, unsigned), easter(year), start_of_day(day), end_of_day(day));
        }
    }
}
