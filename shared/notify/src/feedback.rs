//! What the mail service tells of mails after it took them: those that came back, and those that somebody complained of.

use serde::Deserialize;

use crate::ses::{TAG, notice_of};

/// What became of a mail that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feedback {
    /// Key of its notice; none where the mail is not one of ours.
    pub notice: Option<String>,
    /// What happened, in words that name nobody: `bounce Permanent General`.
    pub what: String,
}

/// An event of a configuration set, as far as it is used.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    event_type: String,
    mail: MailPart,
    bounce: Option<Bounce>,
    complaint: Option<Complaint>,
}

#[derive(Deserialize)]
struct MailPart {
    #[serde(default)]
    tags: std::collections::BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bounce {
    bounce_type: String,
    #[serde(default)]
    bounce_sub_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Complaint {
    complaint_feedback_type: Option<String>,
}

impl Feedback {
    /// Reads an event of the mail service; none where it tells of nothing that went wrong.
    ///
    /// # Errors
    /// The parser's, for what is no event.
    pub fn from_json(json: &str) -> Result<Option<Self>, serde_json::Error> {
        let event: Event = serde_json::from_str(json)?;
        let what = match (event.event_type.as_str(), event.bounce, event.complaint) {
            ("Bounce", Some(bounce), _) => format!("bounce {} {}", bounce.bounce_type, bounce.bounce_sub_type),
            ("Bounce", None, _) => "bounce".to_owned(),
            ("Complaint", _, complaint) => {
                format!("complaint {}", complaint.and_then(|complaint| complaint.complaint_feedback_type).unwrap_or_default())
            }
            ("Reject", ..) => "reject".to_owned(),
            _ => return Ok(None),
        };
        let notice = event.mail.tags.get(TAG).and_then(|values| values.first()).and_then(|tag| notice_of(tag));
        // The service's own words are few and short; anything else is not repeated.
        let what = what.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-')).take(80).collect::<String>();
        Ok(Some(Self { notice, what: what.trim_end().to_owned() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An event as the documentation of SES shows it, shortened.
    fn event(kind: &str, part: &str) -> String {
        let tags = r#"{"ses:configuration-set":["sportello"],"notice":["bmV3LWRldmljZSNIIzAx"]}"#;
        format!(r#"{{"eventType":"{kind}",{part}"mail":{{"messageId":"m","destination":["x@example.it"],"tags":{tags}}}}}"#)
    }

    #[test]
    fn what_came_back_names_its_notice() {
        let bounce = r#""bounce":{"bounceType":"Permanent","bounceSubType":"General","bouncedRecipients":[{"emailAddress":"x@example.it"}]},"#;
        let complaint = r#""complaint":{"complaintFeedbackType":"abuse","complainedRecipients":[{"emailAddress":"x@example.it"}]},"#;
        for (kind, part, what) in [
            ("Bounce", bounce, "bounce Permanent General"),
            ("Complaint", complaint, "complaint abuse"),
            ("Complaint", r#""complaint":{},"#, "complaint"),
            ("Reject", r#""reject":{"reason":"Bad content"},"#, "reject"),
        ] {
            let told = Feedback::from_json(&event(kind, part)).unwrap().unwrap();
            assert_eq!((told.notice.as_deref(), told.what.as_str()), (Some("new-device#H#01"), what));
        }
    }

    #[test]
    fn what_went_well_is_nothing_and_what_is_no_event_is_an_error() {
        for kind in ["Send", "Delivery", "Open", "DeliveryDelay"] {
            assert_eq!(Feedback::from_json(&event(kind, "")).unwrap(), None);
        }
        assert!(Feedback::from_json("{}").is_err());
        assert_eq!(Feedback::from_json(r#"{"eventType":"Bounce","mail":{}}"#).unwrap().unwrap().notice, None);
    }
}
