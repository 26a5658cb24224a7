//! GET /v1/selfcare/deadlines: everything that will happen to the identity, and when (rule 39); as JSON or as an iCalendar file.

use std::collections::BTreeSet;

use icalendar::{Calendar, Component as _, Event, Property};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use sportello_contract::problem::Language;
use sportello_contract::spec::{Limit, Spec};
use sportello_rules::calendar::date_of;
use sportello_rules::deadline::{Deadline, Kind, deadlines};
use sportello_rules::service::CredentialKind;
use sportello_runtime::access::{HolderActor, HolderHighest};
use sportello_runtime::profile::Profile;
use sportello_runtime::{Cx, Failure, Operation, Reply, due};

use crate::deadline_text::text;

/// Lists the deadlines.
pub struct DeadlineList;

/// Everything that will happen, soonest first.
#[derive(Serialize, JsonSchema)]
pub struct Output {
    /// The deadlines.
    items: Vec<Item>,
}

/// One deadline.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// What happens.
    #[schemars(with = "String")]
    kind: Kind,
    /// When.
    #[schemars(with = "String", extend("format" = "date-time"))]
    at: Timestamp,
    /// Days that are left then, for a notice.
    #[serde(skip_serializing_if = "Option::is_none")]
    days_left: Option<u32>,
    /// The credential that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    credential: Option<CredentialKind>,
    /// The same for a person.
    text: String,
}

impl Operation for DeadlineList {
    const SPEC: Spec = Spec::get("selfcare.deadline.list", "/v1/selfcare/deadlines")
        .summary("List everything that will happen to the identity, and when; as an .ics file too")
        .or_calendar()
        .limit(Limit::ORDINARY);
    type Auth = HolderHighest;
    type Input = ();
    type Output = Output;

    async fn handle(cx: &Cx, holder: HolderActor, (): ()) -> Result<Reply<Output>, Failure> {
        let profile = Profile::open(cx, &holder.owner, &holder.records.profile)?;
        let deadlines = deadlines(&due::view(cx, &holder.records, &profile), cx.policy(), cx.now);
        let language = cx.language;
        let calendar = Some(calendar(&deadlines, &holder.records.auth.identity_id, cx.now, language));
        let items = deadlines.into_iter().map(|deadline| Item {
            kind: deadline.kind,
            at: whole_second(deadline.at),
            days_left: deadline.days_left,
            credential: deadline.credential,
            text: text(&deadline, language),
        });
        Ok(Reply { body: Output { items: items.collect() }, commit: sportello_store::commit::Commit::new(), calendar, file: None })
    }
}

/// People and calendars count in seconds; the instant just behind a limit is shown as the limit.
fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

fn calendar(deadlines: &[Deadline], identity_id: &str, now: Timestamp, language: Language) -> String {
    let stamp = |at: Timestamp| at.strftime("%Y%m%dT%H%M%SZ").to_string();
    let mut calendar = Calendar::empty();
    calendar.append_property(Property::new("VERSION", "2.0")).append_property(Property::new("PRODID", "-//Sportello//Deadlines//EN"));
    calendar.append_property(Property::new("CALSCALE", "GREGORIAN"));
    let mut uids = BTreeSet::new();
    for deadline in deadlines {
        let at = stamp(deadline.at);
        // The same deadline has the same id in every download, so that a calendar updates it instead of doubling it.
        let about = deadline.credential.map_or_else(String::new, |credential| format!("-{credential:?}"));
        let days = deadline.days_left.map_or_else(String::new, |days| format!("-{days}"));
        // A certificate's end and that of what was bought are two: the later one is told apart by its day.
        let named = |which: &str| format!("{:?}{about}{days}{which}-{identity_id}@sportello", deadline.kind);
        let uid = Some(named("")).filter(|uid| !uids.contains(uid)).unwrap_or_else(|| named(&format!("-{}", date_of(deadline.at))));
        let mut event = Event::with_uid(&uid);
        uids.insert(uid);
        event.add_property("DTSTAMP", stamp(now)).add_property("DTSTART", &at).add_property("SUMMARY", text(deadline, language));
        calendar.push(event.done());
    }
    calendar.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_ends_of_one_credential_are_two_events_and_the_first_keeps_its_name() {
        let end = |at: &str| Deadline { kind: Kind::CredentialExpiry, at: at.parse().unwrap(), days_left: None, credential: Some(CredentialKind::SmartCard) };
        let (certificate, bought) = (end("2027-06-10T10:00:00Z"), end("2029-01-03T23:00:00Z"));
        let uids = |deadlines: &[Deadline]| -> Vec<String> {
            let text = calendar(deadlines, "abc", certificate.at, Language::It);
            text.lines().filter_map(|line| line.strip_prefix("UID:")).map(ToOwned::to_owned).collect()
        };
        let both = uids(&[certificate, bought]);
        assert_eq!(both, ["CredentialExpiry-SmartCard-abc@sportello", "CredentialExpiry-SmartCard-2029-01-04-abc@sportello"]);
        assert_eq!(uids(&[bought]), both[..1], "once the certificate is over");
    }
}
