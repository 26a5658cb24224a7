//! Paging by opaque signed cursor.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use ring::hmac;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};
use sportello_rules::policy::HttpPolicy;

use crate::problem::{Code, Problem};

/// Bytes of a cursor's signature.
const SIGNATURE: usize = 16;
/// Bytes of the instant at which a cursor was made.
const INSTANT: usize = 8;

/// What a client may ask of a list.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// Most items to answer.
    #[serde(default)]
    pub limit: Option<PageLimit>,
    /// The `next` of the page before.
    #[serde(default)]
    #[schemars(length(min = 1, max = 512))]
    pub cursor: Option<String>,
}

/// How many items a client wants; a query carries it as text.
#[derive(Debug, Clone, Copy)]
pub struct PageLimit(pub u32);

impl<'de> Deserialize<'de> for PageLimit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits = !text.is_empty() && text.len() <= 4 && text.bytes().all(|b| b.is_ascii_digit());
        let number = text.parse().ok().filter(|n| digits && (1..=100).contains(n));
        number.map(Self).ok_or_else(|| serde::de::Error::custom("expected 1 to 100"))
    }
}

impl JsonSchema for PageLimit {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "PageLimit".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 1, "maximum": 100 })
    }
}

/// One page of a list.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Cursor of the next page; none on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// One page of a list that is walked both ways, and that may grow meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TwoWayPage<T> {
    /// The items.
    pub items: Vec<T>,
    /// Cursor of the page behind this one; none where nothing is known to be there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Cursor of the page before this one; none on the first one, and where nothing is known to be there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
}

/// Which items of a two-way list come next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// The first ones.
    First,
    /// Those behind a position, nearest first.
    Behind(String),
    /// Those before a position, nearest first.
    Before(String),
}

impl Turn {
    fn encoded(&self) -> String {
        match self {
            Self::First => String::new(),
            Self::Behind(position) => format!(">{position}"),
            Self::Before(position) => format!("<{position}"),
        }
    }

    fn decoded(text: &str) -> Option<Self> {
        let behind = text.strip_prefix('>').map(|position| Self::Behind(position.to_owned()));
        behind.or_else(|| text.strip_prefix('<').map(|position| Self::Before(position.to_owned())))
    }
}

/// Makes and reads cursors with a key of the deployment; `scope` ties a cursor to one operation and one caller.
pub struct Cursors<'a> {
    /// The signing key.
    pub key: &'a hmac::Key,
    /// Operation and caller.
    pub scope: &'a str,
    /// The instant.
    pub now: Timestamp,
}

impl Cursors<'_> {
    fn sign(&self, payload: &[u8]) -> Vec<u8> {
        let mut context = hmac::Context::with_key(self.key);
        context.update(self.scope.as_bytes());
        context.update(&[0]);
        context.update(payload);
        context.sign().as_ref().iter().take(SIGNATURE).copied().collect()
    }

    /// A cursor that points behind `position`.
    #[must_use]
    pub fn make(&self, position: &str) -> String {
        let payload = [&self.now.as_second().to_be_bytes()[..], position.as_bytes()].concat();
        URL_SAFE_NO_PAD.encode([self.sign(&payload), payload].concat())
    }

    /// The position in a cursor.
    ///
    /// # Errors
    /// [`Code::CursorInvalid`] for one that was not made here, for this list and caller, or that is too old.
    pub fn read(&self, cursor: &str, policy: &HttpPolicy) -> Result<String, Problem> {
        let refused = || Problem::from(Code::CursorInvalid).field("cursor");
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| refused())?;
        let (signature, payload) = bytes.split_at_checked(SIGNATURE).ok_or_else(refused)?;
        let equal = signature.iter().zip(self.sign(payload)).fold(0, |acc, (a, b)| acc | (a ^ b)) == 0;
        let (instant, position) = payload.split_first_chunk::<INSTANT>().ok_or_else(refused)?;
        let age = self.now.as_second().saturating_sub(i64::from_be_bytes(*instant));
        let fresh = age <= SignedDuration::from_mins(i64::from(policy.cursor_minutes)).as_secs();
        if !equal || !fresh {
            return Err(refused());
        }
        String::from_utf8(position.to_vec()).map_err(|_| refused())
    }

    /// Which items a query of a two-way list wants, and how many.
    ///
    /// # Errors
    /// As [`Cursors::read`].
    pub fn turn(&self, query: &PageQuery, policy: &HttpPolicy) -> Result<(Turn, usize), Problem> {
        let limit = limit(query, policy);
        let Some(cursor) = query.cursor.as_deref() else { return Ok((Turn::First, limit)) };
        let turn = Turn::decoded(&self.read(cursor, policy)?).ok_or_else(|| Problem::from(Code::CursorInvalid).field("cursor"))?;
        Ok((turn, limit))
    }

    /// Makes a page of what was found for a turn: the nearest items first, and one more than `limit` where there are more.
    #[must_use]
    pub fn page<T>(&self, turn: &Turn, mut found: Vec<T>, limit: usize, position: impl Fn(&T) -> String) -> TwoWayPage<T> {
        let more = found.len() > limit;
        found.truncate(limit);
        let (before, behind) = match turn {
            Turn::First => (false, more),
            // Where it came from, there are others.
            Turn::Behind(_) => (true, more),
            Turn::Before(_) => {
                found.reverse();
                (more, true)
            }
        };
        let next = found.last().filter(|_| behind).map(|last| self.make(&Turn::Behind(position(last)).encoded()));
        let previous = found.first().filter(|_| before).map(|first| self.make(&Turn::Before(position(first)).encoded()));
        TwoWayPage { items: found, next, previous }
    }

    /// Cuts one page out of a whole list that is ordered by `position`.
    ///
    /// # Errors
    /// As [`Cursors::read`].
    pub fn cut<T>(&self, all: Vec<T>, position: impl Fn(&T) -> String, query: &PageQuery, policy: &HttpPolicy) -> Result<Page<T>, Problem> {
        let limit = limit(query, policy);
        let after = query.cursor.as_deref().map(|cursor| self.read(cursor, policy)).transpose()?;
        let mut rest = all.into_iter().skip_while(|item| after.as_ref().is_some_and(|after| position(item) <= *after));
        let items: Vec<T> = rest.by_ref().take(limit).collect();
        let more = rest.next().is_some();
        let next = items.last().filter(|_| more).map(|last| self.make(&position(last)));
        Ok(Page { items, next })
    }
}

/// How many items a page has.
fn limit(query: &PageQuery, policy: &HttpPolicy) -> usize {
    let limit = query.limit.map_or(policy.page_size, |limit| limit.0).min(policy.max_page_size);
    usize::try_from(limit).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &[7; 32])
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_list_is_walked_whole_and_once() {
        let (key, policy) = (key(), HttpPolicy::default());
        let cursors = Cursors { key: &key, scope: "list/me", now: at(0) };
        let all: Vec<String> = (0..45).map(|i| format!("{i:03}")).collect();
        let (mut seen, mut query) = (Vec::new(), PageQuery::default());
        loop {
            let page = cursors.cut(all.clone(), Clone::clone, &query, &policy).unwrap();
            seen.extend(page.items);
            let Some(next) = page.next else { break };
            query.cursor = Some(next);
        }
        assert_eq!(seen, all);
    }

    /// What a store finds of a list for a turn.
    fn find(all: &[u32], turn: &Turn, limit: usize) -> Vec<u32> {
        let number = |position: &str| position.parse::<u32>().unwrap();
        let found: Vec<u32> = match turn {
            Turn::First => all.to_vec(),
            Turn::Behind(position) => all.iter().copied().filter(|item| *item > number(position)).collect(),
            Turn::Before(position) => all.iter().rev().copied().filter(|item| *item < number(position)).collect(),
        };
        found.into_iter().take(limit + 1).collect()
    }

    #[test]
    fn a_two_way_list_is_walked_to_its_end_and_back_while_it_grows() {
        let (key, policy) = (key(), HttpPolicy::default());
        let cursors = Cursors { key: &key, scope: "list/me", now: at(0) };
        let mut all: Vec<u32> = (100..145).collect();
        let ask = |all: &[u32], cursor: Option<String>| {
            let query = PageQuery { cursor, ..PageQuery::default() };
            let (turn, limit) = cursors.turn(&query, &policy).unwrap();
            cursors.page(&turn, find(all, &turn, limit), limit, ToString::to_string)
        };
        let first = ask(&all, None);
        assert_eq!((first.items.clone(), first.previous.is_none()), ((100..120).collect(), true));
        let second = ask(&all, first.next.clone());
        all.splice(0..0, [97, 98, 99]);
        let third = ask(&all, second.next.clone());
        assert_eq!((third.items.clone(), third.next.is_none()), ((140..145).collect(), true));
        let back = ask(&all, third.previous);
        assert_eq!(back.items, second.items);
        let front = ask(&all, back.previous);
        assert_eq!(front.items, first.items, "the nearest ones, not the newest");
        let new = ask(&all, front.previous);
        assert_eq!((new.items.clone(), new.previous.is_none()), (vec![97, 98, 99], true));
        assert_eq!(ask(&all, new.next).items, first.items);
    }

    #[test]
    fn a_cursor_of_a_one_way_list_turns_nothing() {
        let (key, policy) = (key(), HttpPolicy::default());
        let cursors = Cursors { key: &key, scope: "list/me", now: at(0) };
        let query = PageQuery { cursor: Some(cursors.make("p")), ..PageQuery::default() };
        assert_eq!(cursors.turn(&query, &policy).unwrap_err().code, Code::CursorInvalid);
    }

    #[test]
    fn a_cursor_is_good_only_unchanged_here_and_now() {
        let (key, policy) = (key(), HttpPolicy::default());
        let cursors = Cursors { key: &key, scope: "list/me", now: at(0) };
        let cursor = cursors.make("p");
        assert_eq!(cursors.read(&cursor, &policy), Ok("p".into()));
        let another = Cursors { key: &key, scope: "list/you", now: at(0) };
        assert!(another.read(&cursor, &policy).is_err());
        let last = Cursors { key: &key, scope: "list/me", now: at(3600) };
        assert!(last.read(&cursor, &policy).is_ok());
        let late = Cursors { key: &key, scope: "list/me", now: at(3601) };
        assert!(late.read(&cursor, &policy).is_err());
        for index in 0..cursor.len() {
            let mut bytes = cursor.clone().into_bytes();
            bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
            let broken = String::from_utf8(bytes).unwrap();
            assert!(broken == cursor || cursors.read(&broken, &policy).is_err());
        }
        assert!(cursors.read("", &policy).is_err());
    }
}
