//! What queries carry as text: days and yes or no.

use jiff::civil::Date;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// A day, as `2026-11-22` and in no other way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Day(pub Date);

impl TryFrom<String> for Day {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let digits = |part: &str, count: usize| part.len() == count && part.bytes().all(|b| b.is_ascii_digit());
        let mut parts = text.split('-');
        let shape = [4, 2, 2].into_iter().all(|count| parts.next().is_some_and(|part| digits(part, count))) && parts.next().is_none();
        text.parse().ok().filter(|_| shape).map(Self).ok_or("expected a day such as 2026-11-22")
    }
}

impl JsonSchema for Day {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Day".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date" })
    }
}

/// Yes or no, as `true` or `false`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Flag(pub bool);

impl TryFrom<String> for Flag {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self).map_err(|_| "expected true or false")
    }
}

impl JsonSchema for Flag {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Flag".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "boolean" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_one_form() {
        assert_eq!(Day::try_from("2024-02-29".to_owned()), Ok(Day(jiff::civil::date(2024, 2, 29))));
        for text in ["", "2025-02-29", "2026-2-3", "20260203", "2026-02-03T10:00", "+02026-02-03", "2026-02-03 ", "2026-W06-2", "2026/02/03"] {
            assert!(Day::try_from(text.to_owned()).is_err(), "{text}");
        }
    }

    #[test]
    fn yes_and_no_have_one_form() {
        assert_eq!(Flag::try_from("true".to_owned()), Ok(Flag(true)));
        assert_eq!(Flag::try_from("false".to_owned()), Ok(Flag(false)));
        for text in ["", "1", "TRUE", "yes"] {
            assert!(Flag::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
