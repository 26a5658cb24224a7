//! Usernames as inputs take them.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// A username of bounded length.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub struct Username(pub String);

impl JsonSchema for Username {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Username".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1, "maxLength": 254 })
    }
}

impl TryFrom<String> for Username {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        // 254 is the longest e-mail address, which is what usernames mostly are.
        if (1..=254).contains(&text.chars().count()) { Ok(Self(text)) } else { Err("expected 1 to 254 characters") }
    }
}
