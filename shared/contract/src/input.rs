//! Reading an input: one JSON object made of the path's parameters and the query or the body, strictly.

use std::collections::BTreeMap;

use serde::de::{DeserializeOwned, DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::problem::{Code, Problem};

/// Marks in an error text of `serde_json` what made our own visitor refuse.
const TOO_DEEP: &str = "sportello: too deep";
const DUPLICATE: &str = "sportello: duplicate ";

/// Parses a body strictly: no field twice at any depth, no nesting beyond `max_depth`.
///
/// # Errors
/// A problem that says what is wrong, and in which field.
pub fn parse(body: &[u8], max_depth: u32) -> Result<Value, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let strict = Strict { depth: max_depth, path: String::new() };
    let parsed = strict.deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    parsed.map_err(|error| {
        let text = error.to_string();
        if text.contains(TOO_DEEP) || text.contains("recursion limit") {
            Code::JsonTooDeep.into()
        } else if let Some((_, rest)) = text.split_once(DUPLICATE) {
            let field = rest.rsplit_once(" at line").map_or(rest, |(field, _)| field);
            Problem::from(Code::DuplicateField).field(field)
        } else {
            Code::MalformedJson.into()
        }
    })
}

struct Strict {
    depth: u32,
    path: String,
}

impl Strict {
    fn child(&self, name: &str) -> Self {
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        Self { depth: self.depth.saturating_sub(1), path }
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        if self.depth == 0 {
            return Err(A::Error::custom(TOO_DEEP));
        }
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self.child(&list.len().to_string()))? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        if self.depth == 0 {
            return Err(A::Error::custom(TOO_DEEP));
        }
        let mut object = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            let child = self.child(&name);
            if object.contains_key(&name) {
                return Err(A::Error::custom(format!("{DUPLICATE}{}", shown(&child.path))));
            }
            let value = entries.next_value_seed(child)?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

/// A field's name as an answer may show it: a client's own text, cut and without control characters.
fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(80).collect()
}

/// Builds the operation's input from the path's parameters and the query's or the body's fields.
///
/// A path parameter never comes from the body: a body that names one is refused as an unknown field.
///
/// # Errors
/// A problem that names the field at fault.
pub fn read<T: DeserializeOwned>(path: &BTreeMap<String, String>, fields: Value) -> Result<T, Problem> {
    let Value::Object(mut object) = fields else {
        return Err(Problem::from(Code::InvalidField));
    };
    for (name, value) in path {
        if object.insert(name.clone(), Value::String(value.clone())).is_some() {
            return Err(Problem::from(Code::UnknownField).field(shown(name)));
        }
    }
    if let Ok(nothing) = serde_json::from_value(Value::Null) {
        return match object.keys().next() {
            Some(name) => Err(Problem::from(Code::UnknownField).field(shown(name))),
            None => Ok(nothing),
        };
    }
    serde_path_to_error::deserialize(Value::Object(object)).map_err(|error| {
        let path = error.path().to_string();
        let text = error.inner().to_string();
        let quoted = || text.split('`').nth(1).map(ToOwned::to_owned);
        let join = |name: Option<String>| match (path.as_str(), name) {
            (".", Some(name)) => name,
            (path, Some(name)) if path.ends_with(&name) => path.to_owned(),
            (path, Some(name)) => format!("{path}.{name}"),
            (path, None) => path.to_owned(),
        };
        let (code, name) = if text.starts_with("unknown field") {
            (Code::UnknownField, join(quoted()))
        } else if text.starts_with("missing field") {
            (Code::MissingField, join(quoted()))
        } else {
            (Code::InvalidField, path.clone())
        };
        let problem = Problem::from(code);
        if name == "." { problem } else { problem.field(shown(&name)) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use serde_json::json;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    struct Input {
        service_id: String,
        #[serde(default)]
        count: Option<u32>,
        #[serde(default)]
        inner: Option<Inner>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        a: u32,
    }

    fn nested(depth: usize) -> String {
        format!("{}1{}", "[".repeat(depth), "]".repeat(depth))
    }

    #[test]
    fn sixteen_deep_passes_and_seventeen_does_not() {
        assert!(parse(nested(16).as_bytes(), 16).is_ok());
        assert_eq!(parse(nested(17).as_bytes(), 16).unwrap_err().code, Code::JsonTooDeep);
        assert_eq!(parse(nested(5000).as_bytes(), 16).unwrap_err().code, Code::JsonTooDeep);
        assert!(parse(br#"{"a":"[[[[[[[[[[[[[[[[[[[[["}"#, 16).is_ok());
    }

    #[test]
    fn a_field_twice_is_named_at_any_depth() {
        let problem = parse(br#"{"a":{"b":1,"b":2}}"#, 16).unwrap_err();
        assert_eq!((problem.code, problem.field.as_deref()), (Code::DuplicateField, Some("a.b")));
        let problem = parse(br#"{"password":"x","p\u0061ssword":"y"}"#, 16).unwrap_err();
        assert_eq!(problem.field.as_deref(), Some("password"), "an escaped name is the same name");
    }

    #[test]
    fn what_is_no_json_is_malformed() {
        for body in [&b"{"[..], b"", b"{} {}", b"\xff", b"{\"a\":NaN}", b"'a'"] {
            assert_eq!(parse(body, 16).unwrap_err().code, Code::MalformedJson);
        }
    }

    #[test]
    fn the_field_at_fault_is_named() {
        let path = BTreeMap::from([("serviceId".to_owned(), "s1".to_owned())]);
        let refusal = |fields| {
            let problem = read::<Input>(&path, fields).unwrap_err();
            (problem.code, problem.field.unwrap_or_default())
        };
        assert_eq!(refusal(json!({"verified": true})), (Code::UnknownField, "verified".into()));
        assert_eq!(refusal(json!({"inner": {"b": 1}})), (Code::UnknownField, "inner.b".into()));
        assert_eq!(refusal(json!({"inner": {}})), (Code::MissingField, "inner.a".into()));
        assert_eq!(refusal(json!({"count": "x"})), (Code::InvalidField, "count".into()));
        assert_eq!(refusal(json!({"serviceId": "mine"})), (Code::UnknownField, "serviceId".into()));
        assert_eq!(refusal(json!([1])), (Code::InvalidField, String::new()));
        assert!(read::<Input>(&path, json!({})).is_ok());
    }

    #[test]
    fn an_operation_without_input_takes_only_nothing() {
        assert_eq!(read::<()>(&BTreeMap::new(), json!({})), Ok(()));
        let problem = read::<()>(&BTreeMap::new(), json!({"a": 1})).unwrap_err();
        assert_eq!((problem.code, problem.field.as_deref()), (Code::UnknownField, Some("a")));
    }
}
